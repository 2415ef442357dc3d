import { hash } from 'node:crypto';
import type { Bytes } from '../encoding/encoder';
import type { TaskKey } from '../task/context';

/** What is known of a saved result besides its bytes. */
export interface CheckpointRecord {
  readonly key: TaskKey;
  readonly task: string;
  readonly version?: string | number;
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
  readonly keyId?: string;
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

const magic = 'tidemark';
const format = '1';
const head = `${magic}${format} `;
const checksumLength = 32;
const newline = 0x0a;

/**
 * A record, and its bytes when they are small, as one entry: a line of text, then the bytes as they are.
 *
 * The line is `tidemark1 <checksum> <JSON>`; the checksum is the first 128 bits of SHA-256 of the JSON.
 * The number is the format's. Readers of later releases read this one too.
 */
export function encodeEntry(record: CheckpointRecord, bytes: Bytes | undefined): Buffer {
  const json = JSON.stringify({ ...record, savedAt: record.savedAt.getTime() });
  const line = `${head}${checksum(json)} ${json}\n`;
  if (bytes === undefined) return Buffer.from(line);
  const length = Buffer.byteLength(line);
  const entry = Buffer.allocUnsafeSlow(length + bytes.byteLength);
  entry.write(line);
  entry.set(bytes, length);
  return entry;
}

/** Reads an entry; never throws, whatever the bytes are. */
export function decodeEntry(entry: Bytes, key: string): ReadEntry {
  const buffer = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const end = buffer.indexOf(newline);
  const jsonStart = head.length + checksumLength + 1;
  const start = buffer.toString('latin1', 0, head.length);
  if (start !== head) {
    const later = /^tidemark(\d+)/.exec(buffer.toString('latin1', 0, 20));
    if (later && Number(later[1]) > Number(format)) return { state: 'unreadable', problem: `its format ${later[1]} is newer than this version of Tidemark; update Tidemark to read it` };
    return { state: 'damaged', problem: 'it does not start like a checkpoint' };
  }
  if (end < jsonStart) return { state: 'damaged', problem: 'its record is cut short' };
  const json = buffer.subarray(jsonStart, end);
  if (checksum(json) !== buffer.toString('latin1', head.length, head.length + checksumLength)) return { state: 'damaged', problem: 'the checksum of its record is wrong' };
  const { savedAt, ...rest } = JSON.parse(json.toString());
  const record: CheckpointRecord = { ...rest, savedAt: new Date(savedAt) };
  if (record.key !== key) return { state: 'damaged', problem: `it belongs to ${record.key}` };
  if (record.isBeside) return { state: 'whole', record, bytes: undefined };
  const bytes = buffer.subarray(end + 1);
  if (bytes.byteLength !== record.size) return { state: 'damaged', problem: `it has ${bytes.byteLength} bytes where ${record.size} were saved` };
  return { state: 'whole', record, bytes };
}

function checksum(json: string | Uint8Array): string {
  return hash('sha256', json, 'hex').slice(0, checksumLength);
}
