import type { StoreAdapter } from 'tidemark/extend';

/** A store over a Map that records calls and fails on demand. */
export class ObservedStore implements StoreAdapter {
  /** Marks it as a Tidemark store, which is used without an adapter. */
  readonly copies = false;
  readonly entries: Map<string, Uint8Array>;
  readonly reads: string[] = [];
  readonly writes: string[] = [];
  /** Called before each operation: throws to make it fail, waits to make it slow. */
  before: (operation: 'get' | 'set' | 'delete', key: string) => unknown = () => undefined;

  constructor(entries = new Map<string, Uint8Array>()) {
    this.entries = entries;
  }

  get(key: string): unknown {
    this.reads.push(key);
    return this.#after('get', key, () => this.entries.get(key));
  }

  set(key: string, value: Uint8Array): unknown {
    this.writes.push(key);
    return this.#after('set', key, () => void this.entries.set(key, value));
  }

  delete(key: string): any {
    return this.#after('delete', key, () => this.entries.delete(key));
  }

  clear(): void {
    this.entries.clear();
  }

  iterator(): IterableIterator<[string, unknown]> {
    return this.entries.entries();
  }

  /** The keys of results, without those of clear marks and of the epoch. */
  get ofResults(): string[] {
    return this.kept.map(([key]) => key);
  }

  /** Likewise, with the bytes. */
  get kept(): [string, Uint8Array][] {
    return [...this.entries].filter(([key]) => !key.startsWith('@cleared/'));
  }

  /** The reads of checkpoints, without those of clear marks. */
  get lookups(): string[] {
    return this.reads.filter((key) => !key.startsWith('@'));
  }

  #after<T>(operation: 'get' | 'set' | 'delete', key: string, act: () => T): T | Promise<T> {
    const waiting = this.before(operation, key);
    return waiting instanceof Promise ? waiting.then(act) : act();
  }
}
