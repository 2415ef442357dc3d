import { sharedState } from '../../../base/shared-state';
import type { TaskKey } from '../../../task/context';
import type { LeaseBackend } from '../../leases/lease';

const tables = sharedState('leases-of-maps', () => new WeakMap<Map<string, unknown>, Map<TaskKey, string>>());

/**
 * Leases on the entries of a `Map`. They do not run out: an owner in the same process does not die alone.
 */
export class MemoryLeases implements LeaseBackend {
  readonly #entries: Map<string, Uint8Array>;
  /** Tokens by key; one table for all stores that use the same entries. */
  readonly #tokens: Map<TaskKey, string>;

  constructor(entries: Map<string, Uint8Array>) {
    this.#entries = entries;
    let tokens = tables.get(entries);
    if (!tokens) tables.set(entries, (tokens = new Map()));
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
