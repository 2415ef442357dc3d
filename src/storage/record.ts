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
/** How every entry starts, of whatever format. */
const start = /^tidemark(\d{1,6}) ([0-9a-f]{32}) /;
const longestStart = 48;

/**
 * A record, and its bytes when they are small, as one entry: a line of text, then the bytes as they are.
 *
 * The line is `tidemark1 <checksum> <JSON>`. The number is the format's; readers of later releases read this one
 * too, and their own formats begin with such a line, so that a newer one can be told from a damaged one. The
 * checksum is the first 128 bits of SHA-256 of the line without it.
 */
export function encodeEntry(record: CheckpointRecord, bytes: Bytes | undefined): Buffer {
  const json = JSON.stringify(record);
  const line = `tidemark${format} ${checksum(format, json)} ${json}\n`;
  return bytes === undefined ? Buffer.from(line) : Buffer.concat([Buffer.from(line), bytes]);
}

/** Whether bytes look like an entry, of whatever format; they may be damaged. */
export function isEntry(bytes: Bytes): boolean {
  return start.test(beginning(bytes));
}

/** Reads an entry; never throws, whatever the bytes are. */
export function decodeEntry(entry: Bytes, key: string): ReadEntry {
  const buffer = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const found = start.exec(beginning(buffer));
  if (!found) return { state: 'damaged', problem: 'it does not start like a checkpoint' };
  const [{ length }, number, given] = found as unknown as [string, string, string];
  const end = buffer.indexOf(newline, length);
  if (end < 0) return { state: 'damaged', problem: 'its record is cut short' };
  const json = buffer.toString('utf8', length, end);
  if (checksum(number, json) !== given) return { state: 'damaged', problem: 'the checksum of its record is wrong' };
  if (number !== format) return { state: 'unreadable', problem: `its format ${number} is newer than this version of Tidemark; update Tidemark to read it` };
  const record = toRecord(json);
  if (!record) return { state: 'damaged', problem: 'its record is none' };
  if (record.key !== key) return { state: 'damaged', problem: `it belongs to ${record.key}` };
  if (record.isBeside) return { state: 'whole', record, bytes: undefined };
  const bytes = buffer.subarray(end + 1);
  if (bytes.byteLength !== record.size) return { state: 'damaged', problem: `it has ${bytes.byteLength} bytes where ${record.size} were saved` };
  return { state: 'whole', record, bytes };
}

function beginning({ buffer, byteOffset, byteLength }: Bytes): string {
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, longestStart)).toString('latin1');
}

/** Undefined when something else than a record was written under a right checksum. */
function toRecord(json: string): CheckpointRecord | undefined {
  try {
    const record = JSON.parse(json);
    if (![record.requires, record.marks, record.dynamic].every(Array.isArray) || typeof record.digest !== 'string') return undefined;
    record.savedAt = new Date(record.savedAt);
    return record;
  } catch {
    return undefined;
  }
}

function checksum(number: string, json: string): string {
  return hash('sha256', `tidemark${number} ${json}`, 'hex').slice(0, 32);
}
