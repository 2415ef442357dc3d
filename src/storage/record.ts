import { hash } from 'node:crypto';
import type { Bytes } from '../encoding/encoder';
import type { TaskKey } from '../task/context';

/** What is known of a saved result besides its bytes. */
export interface CheckpointRecord {
  readonly key: TaskKey;
  readonly task: string;
  readonly version: string | number | undefined;
  /** The params as JSON, for people: what JSON cannot hold is an object with one `$…` key. */
  readonly params: Readonly<Record<string, unknown>>;
  /** A hash of the source text of the task's class. */
  readonly source: string;
  /** The keys of what it required, each with the digest of the result that it was given, if that one was saved. */
  readonly requires: readonly (readonly [TaskKey, string | null])[];
  /** The clear marks on it, or on what it came from, that its run had seen. */
  readonly marks: readonly string[];
  /** The tasks among those it came from whose results held refs, each with the keys of those refs. */
  readonly dynamic: readonly (readonly [TaskKey, readonly TaskKey[]])[];
  /** The id of the encoder, and which of its formats it chose. */
  readonly encoder: string;
  readonly format: string;
  /** Which of several keys the bytes were encrypted with. */
  readonly keyId: string | undefined;
  /** SHA-256 of the serialised result, before compression and encryption. */
  readonly digest: string;
  /** How many bytes are kept. */
  readonly size: number;
  /** Whether the bytes are an entry of their own. */
  readonly isBeside: boolean;
  /** How long the task ran, in seconds. */
  readonly seconds: number;
  readonly savedAt: Date;
  /** The host and process that saved it. */
  readonly savedBy: string;
}

/** What an entry turned out to be. */
export type ReadEntry =
  | { readonly state: 'whole'; readonly record: CheckpointRecord; readonly bytes: Bytes | undefined }
  | { readonly state: 'damaged'; readonly problem: string }
  | { readonly state: 'unreadable'; readonly problem: string };

const format = '1';
const newline = 0x0a;
const start = `tidemark${format} `;
/** How every entry starts, of whatever format. */
const anyStart = /^tidemark(\d{1,6}) /;
const longestStart = 16;
const checksumLength = 32;

/**
 * A record, and its bytes when they are small, as one entry: a line of text, then the bytes as they are.
 *
 * The line is `tidemark1 <JSON> <checksum>`. The number is the format's; readers of later releases read this one
 * too, and their own formats begin with such a line, so that a newer one can be told from a damaged one. The
 * checksum is the first 128 bits of SHA-256 of all that stands before it and its space.
 */
export function encodeEntry(record: CheckpointRecord, bytes: Bytes | undefined): Bytes {
  const text = start + toJson(record);
  const line = `${text} ${checksum(text)}\n`;
  if (bytes === undefined) return Buffer.from(line);
  const length = Buffer.byteLength(line);
  const entry = Buffer.allocUnsafe(length + bytes.byteLength);
  entry.write(line);
  entry.set(bytes, length);
  return entry;
}

/** Written out, since that takes a quarter of the time of stringifying the whole. Keys and hashes need no escapes. */
function toJson(record: CheckpointRecord): string {
  const { version, keyId } = record;
  return (
    `{"key":"${record.key}","task":${JSON.stringify(record.task)},` +
    (version === undefined ? '' : `"version":${JSON.stringify(version)},`) +
    `"params":${JSON.stringify(record.params)},"source":"${record.source}",` +
    `"requires":${listToJson(record.requires)},"marks":${listToJson(record.marks)},"dynamic":${listToJson(record.dynamic)},` +
    `"encoder":${JSON.stringify(record.encoder)},"format":${JSON.stringify(record.format)},` +
    (keyId === undefined ? '' : `"keyId":${JSON.stringify(keyId)},`) +
    `"digest":"${record.digest}","size":${record.size},"isBeside":${record.isBeside},"seconds":${record.seconds},` +
    `"savedAt":${record.savedAt.getTime()},"savedBy":${JSON.stringify(record.savedBy)}}`
  );
}

function listToJson(list: readonly unknown[]): string {
  return list.length === 0 ? '[]' : JSON.stringify(list);
}

/** Whether bytes look like an entry, of whatever format; they may be damaged. */
export function isEntry(bytes: Bytes): boolean {
  return anyStart.test(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 0, longestStart),
  );
}

/** Reads an entry; never throws, whatever the bytes are. */
export function decodeEntry(entry: Bytes, key: string): ReadEntry {
  const buffer = Buffer.isBuffer(entry) ? entry : Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const beginning = buffer.toString('latin1', 0, longestStart);
  const number = beginning.startsWith(start) ? format : anyStart.exec(beginning)?.[1];
  if (number === undefined) return { state: 'damaged', problem: 'it does not start like a checkpoint' };
  const end = buffer.indexOf(newline);
  const textEnd = end - checksumLength - 1;
  if (textEnd < start.length) return { state: 'damaged', problem: 'its record is cut short' };
  if (` ${checksum(buffer.subarray(0, textEnd))}` !== buffer.toString('latin1', textEnd, end)) {
    return { state: 'damaged', problem: 'the checksum of its record is wrong' };
  }
  if (number !== format)
    return {
      state: 'unreadable',
      problem: `its format ${number} is newer than this version of Tidemark; update Tidemark to read it`,
    };
  const record = toRecord(buffer.toString('utf8', start.length, textEnd));
  if (!record) return { state: 'damaged', problem: 'its record is none' };
  if (record.key !== key) return { state: 'damaged', problem: `it belongs to ${record.key}` };
  if (record.isBeside) return { state: 'whole', record, bytes: undefined };
  const bytes = buffer.subarray(end + 1);
  if (bytes.byteLength !== record.size)
    return { state: 'damaged', problem: `it has ${bytes.byteLength} bytes where ${record.size} were saved` };
  return { state: 'whole', record, bytes };
}

/** Undefined when something else than a record was written under a right checksum. */
function toRecord(json: string): CheckpointRecord | undefined {
  try {
    const record = JSON.parse(json);
    const { requires, marks, dynamic, digest } = record;
    if (!Array.isArray(requires) || !Array.isArray(marks) || !Array.isArray(dynamic) || typeof digest !== 'string')
      return undefined;
    record.savedAt = new Date(record.savedAt);
    return record;
  } catch {
    return undefined;
  }
}

function checksum(text: string | Uint8Array): string {
  return hash('sha256', text, 'hex').slice(0, checksumLength);
}
