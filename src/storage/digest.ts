import { hash } from 'node:crypto';
import type { Bytes } from '../encoding/encoder';

/** What identifies a serialised result. Bytes that are a typed array as they are do not tell of which class. */
export function digestOf(bytes: Bytes, format: string): string {
  const digest = hash('sha256', bytes, 'hex');
  return format.startsWith('raw:') ? hash('sha256', `${format} ${digest}`, 'hex') : digest;
}
