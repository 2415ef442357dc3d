import { createHash, hash } from 'node:crypto';
import type { Bytes } from '../encoding/encoder';

/** What identifies a serialised result. Bytes that are a typed array as they are do not tell of which class. */
export function digestOf(bytes: Bytes, format: string): string {
  return withFormat(hash('sha256', bytes, 'hex'), format);
}

/** The digest of bytes that come in parts: most of it is done while the rest is still being read. */
export class DigestOfParts {
  readonly #hash = createHash('sha256');
  #length = 0;

  readonly add = (part: Bytes): void => {
    this.#hash.update(part);
    this.#length += part.byteLength;
  };

  /** @param bytes all of them; when not all came in parts, they are gone through again */
  of(bytes: Bytes, format: string): string {
    return this.#length === bytes.byteLength ? withFormat(this.#hash.digest('hex'), format) : digestOf(bytes, format);
  }
}

function withFormat(digest: string, format: string): string {
  return format.startsWith('raw:') ? hash('sha256', `${format} ${digest}`, 'hex') : digest;
}
