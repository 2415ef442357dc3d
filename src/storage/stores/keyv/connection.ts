import { type Awaitable, isPromiseLike } from '../../../base/awaitable';
import {
  type Advice,
  causesOf,
  describeError,
  errorCodeOf,
  isInstance,
  stringProperty,
} from '../../../base/describe-error';
import { StorageError, type StorageOperation, storageErrorWithAdvice } from '../../errors';
import type { KeyvAdapter } from './adapter';

const AWAY: Advice = ['it does not answer', 'Check that it is running and reachable'];
const BROKEN: Advice = ['the connection broke', 'Check that it is still running'];
const CREDENTIALS: Advice = ['wrong user or password', 'Put the right ones into the URI'];
const NO_DATABASE: Advice = ['it has no such database', 'Create it'];
const KEY_TOO_LONG: Advice = ['the key or the value is too long for its column', 'Raise the keySize of the adapter'];

/** By the codes of the system and of databases. */
const CODES: Readonly<Record<string, Advice>> = {
  ECONNREFUSED: ['connection refused', 'Check that it is running'],
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
  SQLITE_NOTADB: ['the file is not a SQLite database', 'Move it away'],
  SQLITE_CORRUPT: ['the file is damaged', 'Move it away'],
  SQLITE_FULL: ['the disk is full', 'Free some space'],
};

/** Tells what failed, where, and the remedy. A `StorageError` is returned as it is. */
export function keyvError(cause: unknown, operation: StorageOperation, location: string, key?: string): StorageError {
  if (isInstance(cause, StorageError)) return cause;
  return storageErrorWithAdvice(location, adviceOn(cause), { operation, key, cause });
}

function adviceOn(cause: unknown): Advice {
  // A host with several addresses fails once for each, in an error without a message.
  const inner =
    isInstance(cause, AggregateError) && stringProperty(cause, 'message') === ''
      ? (causesOf(cause)[0] ?? cause)
      : cause;
  const text = describeError(inner);
  // Some adapters have the code of the system in their message only.
  const code = [errorCodeOf(inner), /\bE[A-Z_]{4,}\b/.exec(text)?.[0]].find(
    (one) => one !== undefined && Object.hasOwn(CODES, one),
  );
  const known = code === undefined ? undefined : CODES[code];
  if (known) return known;
  return /time(d )?out|timeout/i.test(text) ? [`it does not answer (${text})`, AWAY[1]] : [text, 'Fix the problem'];
}

/** The time for an answer after an `error` event, in milliseconds. */
const PATIENCE = 5000;

/** An opened adapter, and its history. */
interface Session {
  readonly adapter: KeyvAdapter;
  readonly underWay: Set<Operation>;
  hasAnswered: boolean;
  errors: number;
  lastError: unknown;
}

interface Operation {
  readonly settled: Promise<unknown>;
  readonly fail: (error: unknown) => void;
}

/**
 * An adapter, opened at the first use, whose `error` events become rejections.
 *
 * Some adapters report an error by an event only, and then resolve as if there were no entry, or never. So an error
 * before the first answer fails all pending operations, and a later one fails an operation with an empty result.
 */
export class AdapterConnection {
  readonly location: string;
  readonly #make: (() => KeyvAdapter) | undefined;
  #session: Session | undefined;

  /** @param source an adapter, or a function that makes one: called again after a failed or closed connection */
  constructor(source: KeyvAdapter | (() => KeyvAdapter), location: string) {
    this.location = location;
    if (typeof source === 'function') this.#make = source;
    else this.#session = this.#start(source);
  }

  /**
   * The result of an adapter, or a StorageError.
   *
   * @param isEmpty the result may be that of an operation whose error was not thrown
   */
  use<T>(
    operation: StorageOperation,
    key: string | undefined,
    call: (adapter: KeyvAdapter) => Awaitable<T>,
    isEmpty: (result: T) => boolean,
  ): Awaitable<T> {
    const fail = (error: unknown): never => {
      throw keyvError(error, operation, this.location, key);
    };
    try {
      const result = this.#call(call, isEmpty);
      return isPromiseLike(result) ? result.then(undefined, fail) : result;
    } catch (error) {
      return fail(error);
    }
  }

  /** Resolves when all pending operations have finished or failed, and the adapter is disconnected. */
  async close(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    if (this.#make) this.#session = undefined;
    await Promise.allSettled([...session.underWay].map(({ settled }) => settled));
    // An adapter that could not connect may wait until it can.
    if (!session.hasAnswered && session.errors > 0) return disconnectQuietly(session.adapter);
    try {
      await session.adapter.disconnect?.();
    } catch (error) {
      throw keyvError(error, 'close', this.location);
    }
  }

  #call<T>(call: (adapter: KeyvAdapter) => Awaitable<T>, isEmpty: (result: T) => boolean): Awaitable<T> {
    this.#session ??= this.#start(this.#make!());
    const session = this.#session;
    const before = session.errors;
    const check = (result: T): T => {
      if (session.errors > before && isEmpty(result)) throw session.lastError;
      session.hasAnswered = true;
      return result;
    };
    const result = call(session.adapter);
    if (!isPromiseLike(result)) return check(result);
    return follow(result, session).then(check, (error) => {
      if (!session.hasAnswered) this.#giveUp(session);
      throw error;
    });
  }

  #start(adapter: KeyvAdapter): Session {
    const session: Session = { adapter, underWay: new Set(), hasAnswered: false, errors: 0, lastError: undefined };
    adapter.on?.('error', (error) => {
      session.errors++;
      session.lastError = error;
      if (session.hasAnswered) return;
      for (const { fail } of session.underWay) fail(error);
      this.#giveUp(session);
    });
    return session;
  }

  /** Some adapters try to connect only once. */
  #giveUp(session: Session): void {
    if (!this.#make || this.#session !== session) return;
    this.#session = undefined;
    disconnectQuietly(session.adapter);
  }
}

function follow<T>(work: PromiseLike<T>, { underWay, errors, hasAnswered, lastError }: Session): Promise<T> {
  let fail!: (error: unknown) => void;
  let timer: NodeJS.Timeout | undefined;
  const settled = new Promise<T>((resolve, reject) => {
    fail = reject;
    work.then(resolve, reject);
    if (errors > 0 && !hasAnswered) timer = setTimeout(reject, PATIENCE, lastError);
  }).finally(() => {
    clearTimeout(timer);
    underWay.delete(operation);
  });
  const operation: Operation = { settled, fail };
  underWay.add(operation);
  return settled;
}

function disconnectQuietly(adapter: KeyvAdapter): void {
  // It has failed already; another error tells nothing new.
  (async () => adapter.disconnect?.())().catch(() => undefined);
}
