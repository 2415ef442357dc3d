import { causesOf, codeOf, describeError, isInstance, textOf } from '../../../base/describe-error';
import { type Advice, adviseOn, StorageError, type StorageOperation } from '../../storage-error';

const AWAY: Advice = ['it does not answer', 'See whether it is running and can be reached'];
const BROKEN: Advice = ['the connection broke', 'See whether it is still running'];
const CREDENTIALS: Advice = ['wrong user or password', 'Put the right ones into the URI'];
const NO_DATABASE: Advice = ['it has no such database', 'Create it'];
const KEY_TOO_LONG: Advice = ['the key or the value is too long for its column', 'Raise the keySize of the adapter'];

/** By the codes of the system and of databases. */
const CODES: Readonly<Record<string, Advice>> = {
  ECONNREFUSED: ['connection refused', 'See whether it is running'],
  ENOTFOUND: ['there is no such host', 'Check the name'],
  EAI_AGAIN: ['the name of the host could not be looked up', 'Check name and network'],
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ETIMEDOUT: AWAY,
  EHOSTUNREACH: AWAY,
  ENETUNREACH: AWAY,
  NO_ITERATOR: ['the adapter has no iterator()', 'Use one that has'],
  ERR_STRING_TOO_LONG: ['the value is too large for text', 'Make it smaller'],
  // PostgreSQL
  '28P01': CREDENTIALS,
  '3D000': NO_DATABASE,
  '22001': KEY_TOO_LONG,
  '53100': ['its disk is full', 'Free some space there'],
  // MySQL
  ER_ACCESS_DENIED_ERROR: CREDENTIALS,
  ER_BAD_DB_ERROR: NO_DATABASE,
  ER_DATA_TOO_LONG: KEY_TOO_LONG,
  ER_NET_PACKET_TOO_LARGE: ['the value is too large for it', 'Raise its max_allowed_packet'],
  // SQLite
  SQLITE_CANTOPEN: ['the file cannot be opened', 'Make its folder readable and writable'],
  SQLITE_NOTADB: ['the file is no SQLite database', 'Move it away'],
  SQLITE_CORRUPT: ['the file is damaged', 'Move it away'],
  SQLITE_FULL: ['the disk is full', 'Free some space'],
};

/** Says what could not be done, where, and what to do about it; a `StorageError` is given back as it is. */
export function keyvError(cause: unknown, operation: StorageOperation, location: string, key?: string): StorageError {
  if (isInstance(cause, StorageError)) return cause;
  return adviseOn(location, adviceOn(cause), { operation, key, cause });
}

function adviceOn(cause: unknown): Advice {
  // A host with several addresses fails once for each, and says nothing itself.
  const inner =
    isInstance(cause, AggregateError) && textOf(cause, 'message') === '' ? (causesOf(cause)[0] ?? cause) : cause;
  const text = describeError(inner);
  // Some say in words only what the system told them.
  const code = [codeOf(inner), /\bE[A-Z_]{4,}\b/.exec(text)?.[0]].find(
    (one) => one !== undefined && Object.hasOwn(CODES, one),
  );
  const known = code === undefined ? undefined : CODES[code];
  if (known) return known;
  return /time(d )?out|timeout/i.test(text) ? [`it does not answer (${text})`, AWAY[1]] : [text, 'Mend that'];
}
