import { sharedState } from '../../base/shared-state';
import type { TaskKey } from '../../task/context';
import { TemporaryFolder } from '../directories/temporary-folder';
import type { LeaseBackend } from '../leases/lease';
import type { StoreAdapter } from '../store';

const folders = sharedState('folders-of-maps', () => new WeakMap<Map<string, Uint8Array>, TemporaryFolder>());
const leaseTables = sharedState('leases-of-maps', () => new WeakMap<Map<string, unknown>, Map<TaskKey, string>>());

/**
 * Keeps entries in a `Map`, for as long as the process lives.
 *
 * Everything is synchronous. Bytes are stored and returned without a copy: callers must not change them afterwards,
 * and should not store a view of a larger buffer that is to be collected.
 */
export class MemoryStore implements StoreAdapter {
  /** Task directories are in a temporary folder, which lives as long as the entries can. */
  readonly folder: () => string;
  readonly #entries: Map<string, Uint8Array>;
  readonly #isOwn: boolean;
  #leases: LeaseBackend | undefined;

  constructor(entries?: Map<string, Uint8Array>) {
    this.#entries = entries ?? new Map();
    this.#isOwn = entries === undefined;
    this.folder = () => {
      let folder = folders.get(this.#entries);
      if (!folder) folders.set(this.#entries, (folder = new TemporaryFolder()));
      return folder.path();
    };
  }

  get leases(): LeaseBackend {
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

  /** Removes all entries that hold bytes; other values in a shared `Map` stay. */
  clear(): void {
    for (const key of this.keys('')) this.#entries.delete(key);
  }

  /** Removes the temporary folder, if no other store can use these entries. */
  async disconnect(): Promise<void> {
    if (this.#isOwn) await folders.get(this.#entries)?.remove();
  }

  *keys(prefix: string): IterableIterator<string> {
    for (const [key] of this.iterator()) if (key.startsWith(prefix)) yield key;
  }

  *iterator(): IterableIterator<[string, Uint8Array]> {
    for (const entry of this.#entries) if (ArrayBuffer.isView(entry[1])) yield entry;
  }
}

/** Leases on the entries of a `Map`. They do not expire, since no owner in this process can die alone. */
class MemoryLeases implements LeaseBackend {
  readonly #entries: Map<string, Uint8Array>;
  /** Tokens by key; all stores over the same entries share one table. */
  readonly #tokens: Map<TaskKey, string>;

  constructor(entries: Map<string, Uint8Array>) {
    this.#entries = entries;
    let tokens = leaseTables.get(entries);
    if (!tokens) leaseTables.set(entries, (tokens = new Map()));
    this.#tokens = tokens;
  }

  acquire(key: TaskKey, token: string): boolean {
    if (this.#tokens.has(key)) return false;
    this.#tokens.set(key, token);
    return true;
  }

  write(key: TaskKey, token: string, bytes: Uint8Array): boolean {
    if (this.#tokens.get(key) !== token) return false;
    this.#entries.set(key, bytes);
    return this.#tokens.delete(key);
  }

  release(key: TaskKey, token: string): void {
    if (this.#tokens.get(key) === token) this.#tokens.delete(key);
  }

  peek(keys: readonly TaskKey[]): (string | undefined)[] {
    return keys.map((key) => this.#tokens.get(key));
  }

  clear(): void {
    this.#tokens.clear();
  }
}

function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  const whole = new Uint8Array(before.length + after.length);
  whole.set(before);
  whole.set(after, before.length);
  return whole;
}
