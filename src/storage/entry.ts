import type { Bytes } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import { crc32 } from './crc32';
import type { CheckpointRecord, PrivateFacts } from './record';

/** What an entry turned out to be. */
export type ReadEntry =
  | { readonly state: 'whole'; readonly entry: Entry }
  | { readonly state: 'damaged'; readonly problem: string }
  | { readonly state: 'unreadable'; readonly problem: string };

const format = '1';
const newline = 0x0a;
const start = `tidemark${format} `;
/** How every entry starts, of whatever format. */
const anyStart = /^tidemark(\d{1,6}) ([0-9a-f]{8}) /;
const longestStart = 24;
const checksumLength = 8;
const wordsStart = start.length + checksumLength + 1;
/** The number of words between the checksum and the JSON. */
const wordCount = 14;
const nothing = '-';
/** In place of what is encrypted. */
const hidden = '*';

/** A record, and its bytes when they are small, as they were read. Only what decides about loading is parsed at once. */
export class Entry {
  readonly key: TaskKey;
  readonly size: number;
  readonly plainSize: number;
  readonly beside: string | undefined;
  readonly source: string;
  readonly serializer: string;
  readonly format: string;
  readonly compressor: string | undefined;
  readonly encrypter: string | undefined;
  readonly keyId: string | undefined;
  readonly marks: readonly string[];
  /** Undefined when they are an entry of their own, or were let go of. */
  bytes: Bytes | undefined;
  /** What was encrypted, once it is decrypted. */
  revealed: PrivateFacts | undefined;
  readonly #digest: string;
  readonly #dynamic: string;
  readonly #requires: string;
  readonly #json: string;

  /** @throws {Error} when something else than a record was written under a right checksum */
  constructor(line: string, bytes: Bytes | undefined) {
    const words = line.split(' ', wordCount);
    if (words.length < wordCount) throw new Error('too few words');
    let jsonStart = wordCount;
    for (const word of words) jsonStart += word.length;
    this.key = words[0] as TaskKey;
    this.#digest = words[1]!;
    this.size = countOf(words[2]!);
    this.plainSize = countOf(words[3]!);
    this.beside = wordOf(words[4]!);
    this.source = words[5]!;
    this.serializer = words[6]!;
    this.format = words[7]!;
    this.compressor = wordOf(words[8]!);
    this.encrypter = wordOf(words[9]!);
    this.keyId = wordOf(words[10]!);
    this.marks = listOf(words[11]!, ',');
    this.#dynamic = words[12]!;
    this.#requires = words[13]!;
    this.#json = line.slice(jsonStart);
    this.bytes = bytes;
  }

  /** What is encrypted, as base64; undefined when nothing is. */
  get sealed(): string | undefined {
    return this.encrypter === undefined ? undefined : this.#details().sealed;
  }

  get digest(): string {
    return this.#digest === hidden ? (this.revealed?.digest ?? '') : this.#digest;
  }

  get requires(): CheckpointRecord['requires'] {
    if (this.#requires === hidden) return this.revealed?.requires ?? [];
    return listOf(this.#requires, ',').map((pair) => {
      const [key, digest] = pair.split('=');
      return [key as TaskKey, wordOf(digest!) ?? null];
    });
  }

  /** Whether its result, or one that it came from, holds refs. */
  get isDynamic(): boolean {
    return this.#dynamic !== nothing;
  }

  /** Whether its own result holds refs. */
  get holdsRefs(): boolean {
    return this.isDynamic && this.dynamic.some(([key]) => key === this.key);
  }

  get refs(): string | undefined {
    return this.revealed ? this.revealed.refs : this.#details().refs;
  }

  get dynamic(): CheckpointRecord['dynamic'] {
    return listOf(this.#dynamic, ';').map((pair) => {
      const [key, refs] = pair.split('=');
      return [key as TaskKey, listOf(refs!, ',') as TaskKey[]];
    });
  }

  /** The names of the task directories that belong to it or are in its result. */
  get directories(): readonly string[] {
    // They are the last of the JSON; most entries need not be parsed to see that they have none.
    return this.#json.endsWith(']}') ? (this.#details().directories ?? none) : none;
  }

  get seconds(): number {
    return this.#details().seconds;
  }

  /** In milliseconds since 1970. */
  get savedAt(): number {
    return this.#details().savedAt;
  }

  get savedBy(): string {
    return this.#details().savedBy;
  }

  /** All that is known, as plain data. */
  toRecord(): CheckpointRecord {
    const { task, version, params, seconds, savedAt, savedBy, directories } = this.#details();
    return {
      key: this.key,
      task,
      version,
      params: params ?? this.revealed?.params ?? { $encrypted: true },
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
      beside: this.beside,
      directories,
      seconds,
      savedAt: new Date(savedAt),
      savedBy,
    };
  }

  #details(): Details {
    return JSON.parse(Buffer.from(this.#json, 'latin1').toString());
  }
}

/** What stands in the JSON of an entry. */
interface Details {
  readonly task: string;
  readonly version?: string | number;
  readonly params?: Record<string, unknown>;
  readonly seconds: number;
  readonly savedAt: number;
  readonly savedBy: string;
  readonly refs?: string;
  readonly sealed?: string;
  readonly directories?: readonly string[];
}

/**
 * A record, and its bytes when they are small, as one entry: a line of text, then the bytes as they are.
 *
 * The line is `tidemark1 CHECKSUM WORD… JSON`: the words are what decides whether and how it is loaded, the JSON is
 * what people want to know. The checksum is the CRC-32 of the line without it and its space, nor the end of the line. The number is the format's; readers of later releases read this one too, and their own formats begin in the
 * same way, so that a newer one can be told from a damaged one.
 *
 * @param sealed what only those with the key are to know, encrypted, as base64: the record's own is left out then
 */
export function encodeEntry(record: CheckpointRecord, bytes: Bytes | undefined, sealed?: string): Bytes {
  const { version, directories = none } = record;
  const isOpen = sealed === undefined;
  const rest =
    `${record.key} ${isOpen ? record.digest : hidden} ${record.size} ${record.plainSize} ${record.beside ?? nothing} ` +
    `${record.source} ${record.serializer} ${record.format} ` +
    `${record.compressor ?? nothing} ${record.encrypter ?? nothing} ${record.keyId ?? nothing} ` +
    `${record.marks.join(',') || nothing} ${dynamicWord(record)} ${isOpen ? requiresWord(record) : hidden} ` +
    `{"task":${JSON.stringify(record.task)},` +
    (version === undefined ? '' : `"version":${JSON.stringify(version)},`) +
    (isOpen ? `"params":${JSON.stringify(record.params)},` : `"sealed":"${sealed}",`) +
    (isOpen && record.refs !== undefined ? `"refs":"${record.refs}",` : '') +
    `"seconds":${record.seconds},"savedAt":${record.savedAt.getTime()},"savedBy":${JSON.stringify(record.savedBy)}` +
    (directories.length === 0 ? '}' : `,"directories":${JSON.stringify(directories)}}`);
  // Made into bytes once, for the checksum as well; a unit of a string takes three bytes in UTF-8 at most.
  const most = wordsStart + 3 * rest.length + 1;
  const line = most > scratchLength ? Buffer.allocUnsafe(most) : (scratch ??= Buffer.allocUnsafeSlow(scratchLength));
  const end = wordsStart + line.write(rest, wordsStart);
  line.write(`${start}${checksum(viewOf(line, wordsStart, end), format)} `, 0, 'latin1');
  line[end] = newline;
  const length = end + 1;
  const entry = Buffer.allocUnsafe(bytes === undefined ? length : length + bytes.byteLength);
  entry.set(viewOf(line, 0, length));
  if (bytes !== undefined) entry.set(bytes, length);
  return entry;
}

/** Memory for the lines of most records, used again and again. */
let scratch: Buffer | undefined;
const scratchLength = 16_384;

/** Whether bytes look like an entry, of whatever format; they may be damaged. */
export function isEntry(bytes: Bytes): boolean {
  return anyStart.test(bufferOf(bytes).toString('latin1', 0, longestStart));
}

/** Reads an entry; never throws, whatever the bytes are. */
export function decodeEntry(bytes: Bytes, key: string): ReadEntry {
  const buffer = bufferOf(bytes);
  const end = buffer.indexOf(newline);
  const line = end < 0 ? buffer.toString('latin1', 0, longestStart) : buffer.toString('latin1', 0, end);
  const number = line.startsWith(start) ? format : anyStart.exec(line)?.[1];
  if (number === undefined) return { state: 'damaged', problem: 'it does not start like a checkpoint' };
  if (end < wordsStart) return { state: 'damaged', problem: 'its record is cut short' };
  const checked = number.length - format.length + wordsStart;
  if (`${checksum(viewOf(buffer, checked, end), number)} ` !== line.slice(checked - 1 - checksumLength, checked))
    return { state: 'damaged', problem: 'the checksum of its record is wrong' };
  if (number !== format)
    return {
      state: 'unreadable',
      problem: `its format ${number} is newer than this version of Tidemark; update Tidemark to read it`,
    };
  let entry: Entry;
  try {
    entry = new Entry(line.slice(wordsStart), undefined);
  } catch {
    return { state: 'damaged', problem: 'its record is none' };
  }
  if (entry.key !== key) return { state: 'damaged', problem: `it belongs to ${entry.key}` };
  const rest = viewOf(buffer, end + 1, buffer.byteLength);
  const size = entry.beside === undefined ? entry.size : 0;
  if (rest.byteLength !== size)
    return { state: 'damaged', problem: `it has ${rest.byteLength} bytes where ${size} were saved` };
  if (entry.beside === undefined) entry.bytes = rest;
  return { state: 'whole', entry };
}

function dynamicWord({ dynamic }: CheckpointRecord): string {
  if (dynamic.length === 0) return nothing;
  return dynamic.map(([key, refs]) => `${key}=${refs.join(',') || nothing}`).join(';');
}

function requiresWord({ requires }: CheckpointRecord): string {
  if (requires.length === 0) return nothing;
  return requires.map(([key, digest]) => `${key}=${digest ?? nothing}`).join(',');
}

function wordOf(word: string): string | undefined {
  return word === nothing ? undefined : word;
}

const none: readonly string[] = Object.freeze([]);

function listOf(word: string, separator: string): readonly string[] {
  return word === nothing ? none : word.split(separator);
}

function countOf(word: string): number {
  const count = Number(word);
  if (!Number.isSafeInteger(count) || count < 0) throw new Error('not a count');
  return count;
}

let startSum: number | undefined;

function checksum(rest: string | Uint8Array, number: string): string {
  const before = number === format ? (startSum ??= crc32(start)) : crc32(`tidemark${number} `);
  return crc32(rest, before).toString(16).padStart(checksumLength, '0');
}

/** A part of bytes, without a copy; `subarray` of a Buffer takes several times as long. */
function viewOf({ buffer, byteOffset }: Bytes, from: number, to: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, to - from);
}

function bufferOf(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
