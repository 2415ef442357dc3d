import { types } from 'node:util';

/** Stands before bytes that are kept as text. It is not part of base64, so several such texts may follow each other. */
const MARK = 'base64:';

/** Bytes for a backend that keeps text only. */
export function toText(bytes: Uint8Array): string {
  return MARK + bufferOf(bytes).toString('base64');
}

/** What an adapter gave: bytes as they were saved, or else as it is, when Tidemark has not saved it. */
export function fromStored(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === 'string' && value.startsWith(MARK)) return fromText(value);
  return types.isArrayBuffer(value) ? new Uint8Array(value) : value;
}

/** The same bytes in memory that nothing else uses. */
export function ownBytes(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? new Uint8Array(value.buffer) : new Uint8Array(value);
}

export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function fromText(text: string): Uint8Array {
  const isOne = !text.includes(MARK, 1);
  const texts = isOne ? [text.slice(MARK.length)] : text.split(MARK);
  const parts = texts.map((each) => Buffer.from(each, 'base64'));
  return ownBytes(isOne ? parts[0]! : Buffer.concat(parts));
}
