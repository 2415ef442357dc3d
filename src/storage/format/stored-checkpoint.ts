import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';
import { DamagedCheckpointError } from '../errors';
import { directoryNamePattern, keyForm } from './keys';
import type { CheckpointRecord, PrivateFields } from './record';

/** The JSON of an entry: the fields that do not decide if it is loaded. */
interface RecordDetails {
  readonly task: string;
  readonly version?: string | number;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly refs?: string;
  readonly seconds: number;
  /** In milliseconds since 1970. */
  readonly savedAt: number;
  readonly savedBy: string;
  readonly directories?: readonly string[];
}

/** The latest time that a Date can hold, in milliseconds since 1970. */
const latest = 8.64e15;
/** Code that prints, compares and copies records recurses this deep. */
const deepest = 1_000;
const refsPattern = /^[\w+:-]{1,100}:[A-Za-z0-9+/]*={0,2}$/;

type Check = (value: unknown) => boolean;
const isString: Check = (value) => typeof value === 'string';
const isAbsent: Check = (value) => value === undefined;

/** The valid values of each property; other properties are ignored. */
const checks: Readonly<Record<keyof RecordDetails, Check>> = {
  task: isString,
  version: (value) => isAbsent(value) || isString(value) || typeof value === 'number',
  params: (value) => isAbsent(value) || isParams(value),
  refs: (value) => isAbsent(value) || (isString(value) && refsPattern.test(value as string)),
  seconds: (value) => Number.isFinite(value),
  savedAt: (value) => Number.isFinite(value) && Math.abs(value as number) <= latest,
  savedBy: isString,
  directories: (value) => isAbsent(value) || (Array.isArray(value) && value.every(isDirectoryName)),
};

/** @throws {Error} naming the problem, when the text is not the JSON of a record */
function parseDetails(json: string): RecordDetails {
  const details: unknown = JSON.parse(json);
  if (!isParams(details)) throw new Error('it is not an object');
  // A shorter text cannot be deeper.
  if (json.length > deepest && isDeeper(details, deepest))
    throw new Error(`it is nested more than ${deepest} levels deep`);
  const own = details as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(checks) as (keyof RecordDetails)[]) {
    const value = Object.hasOwn(own, name) ? own[name] : undefined;
    if (!checks[name](value)) throw new Error(`${name} is ${JSON.stringify(value)?.slice(0, 60)}`);
  }
  return own as unknown as RecordDetails;
}

/** The value is nested more than `levels` deep. Recurses no deeper. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

function isParams(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDirectoryName(value: unknown): boolean {
  return typeof value === 'string' && directoryNamePattern.test(value);
}

/** The word for an absent value. */
export const absentWord = '-';
/** The word in place of an encrypted field. */
export const encryptedWord = '*';

const digestForm = '[0-9a-f]{64}';
const besideForm = '[0-9a-f]{32}';
/** The id of a part of an encoder, a format, or the name of a key. */
const idForm = '[\\w$.:@/+-]{1,500}';
const marksForm = '[\\w.:,@-]+';
/** Keys, each with the values that belong to it; `pairsOf` checks each. */
const pairsForm = '[\\w.%~@/=,;-]+';

/** The patterns of the words between the checksum and the JSON. */
const words = [
  `(-|[A-Za-z0-9+/]+={0,2})`,
  `(${keyForm}(?:/[\\w.%~@-]{1,200})?)`,
  `(${digestForm}|\\*)`,
  `(\\d{1,16})`,
  `(\\d{1,16})`,
  `(-|${besideForm})`,
  `([\\w.:-]{1,200})`,
  `(${idForm})`,
  `(${idForm})`,
  `(${idForm})`,
  `(${idForm})`,
  `(${idForm})`,
  `(${marksForm})`,
  `(${pairsForm})`,
  `(\\*|${pairsForm})`,
];
const linePattern = new RegExp(`^${words.join(' ')} (?={)`);
const keyPattern = new RegExp(`^${keyForm}$`);
/** The digest of a required result; several digests may be combined into one. */
const digestPattern = /^[0-9a-f]{1,128}$/;

/** A record, and its bytes when they are small, as read from a store. Only the words are parsed at once. */
export class StoredCheckpoint {
  readonly key: TaskKey;
  readonly size: number;
  readonly plainSize: number;
  readonly blob: string | undefined;
  readonly source: string;
  readonly serializer: string;
  readonly format: string;
  readonly compressor: string | undefined;
  readonly encrypter: string | undefined;
  readonly keyId: string | undefined;
  readonly marks: readonly string[];
  /** The encrypted fields, as base64; undefined when nothing is encrypted. */
  readonly encryptedFields: string | undefined;
  /** Undefined when they are in a blob, or were released to save memory. */
  bytes: Bytes | undefined;
  /** The encrypted fields, once they are decrypted. */
  privateFields: PrivateFields | undefined;
  readonly #digest: string;
  readonly #dynamic: string;
  readonly #requires: string;
  readonly #line: string;
  readonly #jsonStart: number;

  private constructor(line: string, found: RegExpExecArray) {
    this.encryptedFields = wordOf(found[1]!);
    this.key = found[2] as TaskKey;
    this.#digest = found[3]!;
    this.size = Number(found[4]);
    this.plainSize = Number(found[5]);
    this.blob = wordOf(found[6]!);
    this.source = found[7]!;
    this.serializer = found[8]!;
    this.format = found[9]!;
    this.compressor = wordOf(found[10]!);
    this.encrypter = wordOf(found[11]!);
    this.keyId = wordOf(found[12]!);
    this.marks = listOf(found[13]!, ',');
    this.#dynamic = found[14]!;
    this.#requires = found[15]!;
    this.#line = line;
    this.#jsonStart = found[0].length;
  }

  /** Parses the line after the checksum, one code unit per byte. Returns undefined when it is not a record. */
  static parse(line: string): StoredCheckpoint | undefined {
    const found = line.endsWith('}') ? linePattern.exec(line) : null;
    if (found === null) return undefined;
    const entry = new StoredCheckpoint(line, found);
    return entry.#isConsistent() ? entry : undefined;
  }

  /** The part of the line that the seal vouches for: all words but the seal, and the JSON. */
  get head(): string {
    return this.#line.slice((this.encryptedFields ?? absentWord).length + 1);
  }

  get digest(): string {
    return this.#digest === encryptedWord ? (this.privateFields?.digest ?? '') : this.#digest;
  }

  get requires(): CheckpointRecord['requires'] {
    if (this.#requires === encryptedWord) return this.privateFields?.requires ?? [];
    return pairsOf(this.#requires, ',').map(([key, digest]) => [key, digestPattern.test(digest) ? digest : null]);
  }

  /** The result or one of its ancestors holds refs. */
  get isDynamic(): boolean {
    return this.#dynamic !== absentWord;
  }

  /** The result itself holds refs. */
  get holdsRefs(): boolean {
    return this.isDynamic && this.dynamic.some(([key]) => key === this.key);
  }

  get refs(): string | undefined {
    return this.privateFields ? this.privateFields.refs : this.#details().refs;
  }

  get dynamic(): CheckpointRecord['dynamic'] {
    return pairsOf(this.#dynamic, ';').map(([key, refs]) => [
      key,
      listOf(refs, ',').filter((ref) => keyPattern.test(ref)) as TaskKey[],
    ]);
  }

  /** The names of the task directories that belong to the result or are in it. @throws {DamagedCheckpointError} */
  get directories(): readonly string[] {
    // They come last in the JSON, so that most entries need not be parsed to see that there are none.
    return this.#line.endsWith(']}') ? (this.#details().directories ?? none) : none;
  }

  /** The duration of the task, in seconds; 0 when that part of the record is damaged. */
  get seconds(): number {
    try {
      return this.#details().seconds;
    } catch {
      return 0;
    }
  }

  /** In milliseconds since 1970. @throws {DamagedCheckpointError} */
  get savedAt(): number {
    return this.#details().savedAt;
  }

  /** @throws {DamagedCheckpointError} */
  get savedBy(): string {
    return this.#details().savedBy;
  }

  /** All fields, as plain data. @throws {DamagedCheckpointError} */
  toRecord(): CheckpointRecord {
    const { task, version, params, seconds, savedAt, savedBy, directories } = this.#details();
    return {
      key: this.key,
      task,
      version,
      params: (this.encryptedFields === undefined ? params : this.privateFields?.params) ?? { $encrypted: true },
      source: this.source,
      requires: this.requires,
      marks: this.marks,
      dynamic: this.dynamic,
      refs: this.isDynamic ? this.refs : undefined,
      serializer: this.serializer,
      format: this.format,
      compressor: this.compressor,
      encrypter: this.encrypter,
      keyId: this.keyId,
      digest: this.digest,
      size: this.size,
      plainSize: this.plainSize,
      blob: this.blob,
      directories,
      seconds,
      savedAt: new Date(savedAt),
      savedBy,
    };
  }

  /** The encrypted fields and the sizes agree with each other. */
  #isConsistent(): boolean {
    const isSealed = this.encryptedFields !== undefined;
    if (isSealed !== (this.encrypter !== undefined)) return false;
    if (isSealed !== (this.#digest === encryptedWord) || isSealed !== (this.#requires === encryptedWord)) return false;
    if (!isSealed && this.compressor === undefined && this.size !== this.plainSize) return false;
    return Number.isSafeInteger(this.size) && Number.isSafeInteger(this.plainSize);
  }

  #details(): RecordDetails {
    try {
      return parseDetails(Buffer.from(this.#line.slice(this.#jsonStart), 'latin1').toString());
    } catch (cause) {
      throw new DamagedCheckpointError(this.key, `its record cannot be read (${(cause as Error).message})`, { cause });
    }
  }
}

function wordOf(word: string): string | undefined {
  return word === absentWord ? undefined : word;
}

const none: readonly string[] = Object.freeze([]);

function listOf(word: string, separator: string): readonly string[] {
  return word === absentWord ? none : word.split(separator);
}

/** Splits `key=rest` pairs; pairs without a valid key are omitted. */
function pairsOf(word: string, separator: string): readonly (readonly [TaskKey, string])[] {
  return listOf(word, separator).flatMap((pair) => {
    const [key = '', rest = ''] = pair.split('=');
    return keyPattern.test(key) ? [[key as TaskKey, rest] as const] : [];
  });
}
