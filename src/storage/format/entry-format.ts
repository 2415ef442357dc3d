import { hash } from 'node:crypto';
import { jsonText } from '../../base/json-text';
import type { Bytes } from '../../encoding/encoder';
import type { CheckpointRecord } from './record';
import { absentWord, encryptedWord, StoredCheckpoint } from './stored-checkpoint';

let loaded: typeof import('node:zlib').crc32 | undefined;

/** CRC-32 of bytes, or of a text in UTF-8, continuing the CRC-32 `before`. Loads `node:zlib` at the first call, since that takes two milliseconds. */
export function crc32(data: string | Uint8Array, before = 0): number {
  loaded ??= (require('node:zlib') as typeof import('node:zlib')).crc32;
  return loaded(data, before);
}

/** The outcome of decoding an entry. */
type DecodedEntry =
  | { readonly state: 'whole'; readonly entry: StoredCheckpoint }
  | { readonly state: 'damaged'; readonly problem: string }
  /** An older format that is no longer read: counts as no checkpoint. */
  | { readonly state: 'outdated'; readonly problem: string }
  | { readonly state: 'unreadable'; readonly problem: string };

const format = '2';
const newline = 0x0a;
const start = `tidemark${format} `;
/** The start of every entry, whatever its format. */
const anyStart = /^tidemark(\d{1,6}) ([0-9a-f]{8}) /;
const longestStart = 24;
const checksumLength = 8;
const headStart = start.length + checksumLength + 1;

/**
 * Encodes a record, and its bytes when they are small, as one entry: a line of text, then the bytes unchanged.
 *
 * The line is `tidemark2 CHECKSUM SEAL WORD… JSON`. The words decide if and how the result is loaded; the JSON is for
 * people. The checksum is the CRC-32 of the line without the checksum, its space and the newline. The number is that
 * of the format; later formats begin in the same way, so that a newer entry can be told from a damaged one. The seal
 * holds the encrypted fields of the record and the digest of the head, which is the rest of the line.
 *
 * @param sealed the seal, as base64: the head omits the fields in it
 * @param head the result of `recordHead`
 */
export function encodeEntry(
  record: CheckpointRecord,
  bytes: Bytes | undefined,
  sealed?: string,
  head = recordHead(record, sealed !== undefined),
): Bytes {
  const rest = `${sealed ?? absentWord} ${head}`;
  // Converted to bytes once, for the checksum too. A UTF-16 code unit takes at most three bytes in UTF-8.
  const most = headStart + 3 * rest.length + 1;
  const line = most > scratchLength ? Buffer.allocUnsafe(most) : (scratch ??= Buffer.allocUnsafeSlow(scratchLength));
  const end = headStart + line.write(rest, headStart);
  line.write(`${start}${checksum(viewOf(line, headStart, end), format)} `, 0, 'latin1');
  line[end] = newline;
  const length = end + 1;
  const entry = Buffer.allocUnsafe(bytes === undefined ? length : length + bytes.byteLength);
  entry.set(viewOf(line, 0, length));
  if (bytes !== undefined) entry.set(bytes, length);
  return entry;
}

/** The words and the JSON of a record. @param isSealed the encrypted fields are omitted */
export function recordHead(record: CheckpointRecord, isSealed: boolean): string {
  const { version, directories } = record;
  const isOpen = !isSealed;
  return (
    `${record.key} ${isOpen ? record.digest : encryptedWord} ${record.size} ${record.plainSize} ${record.blob ?? absentWord} ` +
    `${record.source} ${record.serializer} ${record.format} ` +
    `${record.compressor ?? absentWord} ${record.encrypter ?? absentWord} ${record.keyId ?? absentWord} ` +
    `${record.marks.join(',') || absentWord} ${dynamicWord(record)} ${isOpen ? requiresWord(record) : encryptedWord} ` +
    `{"task":${jsonText(record.task)},` +
    (version === undefined ? '' : `"version":${jsonText(version)},`) +
    (isOpen ? `"params":${jsonText(record.params)},` : '') +
    (isOpen && record.refs !== undefined ? `"refs":"${record.refs}",` : '') +
    `"seconds":${record.seconds},"savedAt":${record.savedAt.getTime()},"savedBy":${jsonText(record.savedBy)}` +
    (directories === undefined || directories.length === 0 ? '}' : `,"directories":${jsonText(directories)}}`)
  );
}

/** The digest of a head, for its seal. @param encoding latin1 for a head that was read: each code unit is one byte */
export function headDigest(head: string, encoding: 'utf8' | 'latin1'): string {
  return hash('sha256', Buffer.from(start + head, encoding), 'hex');
}

/** Memory that is reused for the lines of most records. */
let scratch: Buffer | undefined;
const scratchLength = 16_384;

/** The bytes look like an entry of any format; they may be damaged. */
export function isEntry(bytes: Bytes): boolean {
  return anyStart.test(bufferOf(bytes).toString('latin1', 0, longestStart));
}

/** Decodes an entry. Never throws, whatever the bytes are. */
export function decodeEntry(bytes: Bytes, key: string): DecodedEntry {
  const buffer = bufferOf(bytes);
  const end = buffer.indexOf(newline);
  const line = end < 0 ? buffer.toString('latin1', 0, longestStart) : buffer.toString('latin1', 0, end);
  const number = line.startsWith(start) ? format : anyStart.exec(line)?.[1];
  if (number === undefined) return { state: 'damaged', problem: 'it does not start like a checkpoint' };
  if (end < headStart) return { state: 'damaged', problem: 'its record is cut short' };
  const checked = number.length - format.length + headStart;
  if (`${checksum(viewOf(buffer, checked, end), number)} ` !== line.slice(checked - 1 - checksumLength, checked))
    return { state: 'damaged', problem: 'the checksum of its record is wrong' };
  if (number !== format) return otherFormat(number);
  const entry = StoredCheckpoint.parse(line.slice(headStart));
  if (entry === undefined) return { state: 'damaged', problem: 'its record is none' };
  if (entry.key !== key) return { state: 'damaged', problem: `it belongs to ${entry.key}` };
  const rest = viewOf(buffer, end + 1, buffer.byteLength);
  const size = entry.blob === undefined ? entry.size : 0;
  if (rest.byteLength !== size)
    return { state: 'damaged', problem: `it has ${rest.byteLength} bytes where ${size} were saved` };
  if (entry.blob === undefined) entry.bytes = rest;
  return { state: 'whole', entry };
}

function otherFormat(number: string): DecodedEntry {
  if (Number(number) < Number(format))
    return { state: 'outdated', problem: `its format ${number} is older than this version of Tidemark reads` };
  return {
    state: 'unreadable',
    problem: `its format ${number} is newer than this version of Tidemark; update Tidemark to read it`,
  };
}

function dynamicWord({ dynamic }: CheckpointRecord): string {
  if (dynamic.length === 0) return absentWord;
  return dynamic.map(([key, refs]) => `${key}=${refs.join(',') || absentWord}`).join(';');
}

function requiresWord({ requires }: CheckpointRecord): string {
  if (requires.length === 0) return absentWord;
  return requires.map(([key, digest]) => `${key}=${digest ?? absentWord}`).join(',');
}

let startSum: number | undefined;

function checksum(rest: string | Uint8Array, number: string): string {
  const before = number === format ? (startSum ??= crc32(start)) : crc32(`tidemark${number} `);
  return crc32(rest, before).toString(16).padStart(checksumLength, '0');
}

/** A view of a part of bytes; `subarray` of a Buffer takes several times as long. */
function viewOf({ buffer, byteOffset }: Bytes, from: number, to: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, to - from);
}

function bufferOf(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The task directories that a record names; undefined when that part of it is damaged. */
export function directoriesIn(entry: StoredCheckpoint): readonly string[] | undefined {
  try {
    return entry.directories;
  } catch {
    return undefined;
  }
}

/** The words of a damaged record that may be names of blobs. */
export function blobNamesIn(bytes: Bytes): readonly string[] {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n', 1)[0]!;
  return line.match(/(?<= )[0-9a-f]{32}(?= )/g) ?? [];
}
