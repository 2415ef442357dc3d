import { sharedState } from '../../base/shared-state';
import { TemporaryFolder } from '../directories/temporary-folder';
import type { LeaseBackend } from '../leases/lease';
import type { StoreAdapter } from '../store';

const temporary = sharedState('folders-of-maps', () => new WeakMap<Map<string, Uint8Array>, TemporaryFolder>());

/**
 * Keeps entries in a `Map`, for as long as the process lives.
 *
 * Everything is synchronous. Bytes are kept and given out as they are, without a copy: whoever sets or
 * gets them does not change them afterwards, and sets no view of a larger buffer that it wants collected.
 */
export class MemoryStore implements StoreAdapter {
  /** Task directories lie in a temporary folder, which lives as long as the entries can. */
  readonly folder: () => string;
  readonly #entries: Map<string, Uint8Array>;
  readonly #isOwn: boolean;
  #leases: LeaseBackend | undefined;

  constructor(entries?: Map<string, Uint8Array>) {
    this.#entries = entries ?? new Map();
    this.#isOwn = entries === undefined;
    this.folder = () => {
      let folder = temporary.get(this.#entries);
      if (!folder) temporary.set(this.#entries, (folder = new TemporaryFolder()));
      return folder.path();
    };
  }

  /** Who computes which key. */
  get leases(): LeaseBackend {
    const { MemoryLeases } = require('./memory/memory-leases') as typeof import('./memory/memory-leases');
    return (this.#leases ??= new MemoryLeases(this.#entries));
  }

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: Uint8Array): boolean {
    this.#entries.set(key, value);
    return true;
  }

  append(key: string, value: Uint8Array): void {
    const before = this.#entries.get(key);
    this.#entries.set(key, before === undefined ? value.slice() : joined(before, value));
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** Removes all entries that hold bytes; a shared `Map` may hold other things, which stay. */
  clear(): void {
    for (const key of this.keys('')) this.#entries.delete(key);
  }

  /** Entries that nobody else has can be read no more. */
  async disconnect(): Promise<void> {
    if (this.#isOwn) await temporary.get(this.#entries)?.remove();
  }

  *keys(prefix: string): IterableIterator<string> {
    for (const [key] of this.iterator()) if (key.startsWith(prefix)) yield key;
  }

  *iterator(): IterableIterator<[string, Uint8Array]> {
    for (const entry of this.#entries) if (ArrayBuffer.isView(entry[1])) yield entry;
  }
}

function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  const whole = new Uint8Array(before.length + after.length);
  whole.set(before);
  whole.set(after, before.length);
  return whole;
}
