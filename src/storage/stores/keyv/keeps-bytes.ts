import { randomUUID } from 'node:crypto';
import type { KeyvAdapter } from './adapter';
import { bufferOf, fromStored, toText } from './text';

/** Every byte there is, and no text in any encoding. */
const sample = Uint8Array.from({ length: 256 }, (_, i) => i);

/**
 * Finds out whether an adapter gives bytes back as they were set, or text only. Under a key of its own: a value that
 * others read, or that stays when the process is killed, must never be there in the wrong form.
 *
 * @throws what the adapter throws; an error when it keeps neither
 */
export async function keepsBytes(adapter: Pick<KeyvAdapter, 'get' | 'set' | 'delete'>): Promise<boolean> {
  const key = `@probe/${randomUUID()}`;
  // Asked first, so that a server which is away is not taken for one that refuses bytes.
  await adapter.get(key);
  try {
    const stays = await bytesComeBack(adapter, key);
    if (stays) return true;
    await adapter.set(key, toText(sample));
    if (isSample(fromStored(await adapter.get(key)))) return false;
    throw new Error('neither bytes nor text come back as they were set');
  } finally {
    await Promise.resolve(adapter.delete(key)).catch(() => undefined);
  }
}

async function bytesComeBack(adapter: Pick<KeyvAdapter, 'get' | 'set'>, key: string): Promise<boolean> {
  try {
    await adapter.set(key, bufferOf(sample.slice()));
    return isSample(await adapter.get(key));
  } catch {
    return false;
  }
}

function isSample(value: unknown): boolean {
  return ArrayBuffer.isView(value) && bufferOf(value as Uint8Array).equals(sample);
}
