import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import type { Bytes } from '../encoding/encoder';
import { StorageError, type StorageOperation } from './storage-error';
import type { StoreAdapter } from './store';

/** Bytes by key in a store, whatever the store can and cannot do: all that it throws becomes a StorageError. */
export class Entries {
  /** What was opened, for messages. */
  readonly location: string;
  readonly #store: StoreAdapter;

  constructor(store: StoreAdapter, location: string) {
    this.#store = store;
    this.location = location;
  }

  read(key: string): Awaitable<Bytes | undefined> {
    return andThen(
      this.#do('read', key, () => this.#store.get(key)),
      (value) => {
        if (value === undefined || value === null) return undefined;
        if (ArrayBuffer.isView(value)) return value as Bytes;
        throw new StorageError(
          `${this.location} gave a ${typeof value} where bytes were saved (${key}): does something else use the same keys?`,
          { operation: 'read', key },
        );
      },
    );
  }

  async has(key: string): Promise<boolean> {
    if (!this.#store.has) return (await this.read(key)) !== undefined;
    return this.#do('read', key, () => this.#store.has!(key));
  }

  /** Whether bytes are under a key; something else may be, where the store is shared. */
  async holdsBytes(key: string, test: (bytes: Bytes) => boolean): Promise<boolean> {
    const value = await this.#do('read', key, () => this.#store.get(key));
    return ArrayBuffer.isView(value) && test(value as Bytes);
  }

  write(key: string, bytes: Bytes, durable: boolean): Awaitable<unknown> {
    return this.#do('write', key, () => this.#store.set(key, bytes, undefined, { durable }));
  }

  /** Adds to the end of what is under a key, so that nothing is lost that another process adds. */
  async append(key: string, line: Uint8Array): Promise<void> {
    if (this.#store.append) return void (await this.#do('write', key, () => this.#store.append!(key, line)));
    // Without an indivisible append, another process may have overwritten what was added: look, and add it again.
    for (let tries = 0; tries < 10; tries++) {
      const log = await this.read(key);
      if (log && Buffer.from(log).includes(Buffer.from(line))) return;
      await this.write(key, Buffer.concat([log ?? new Uint8Array(), line]), true);
    }
    throw new StorageError(`${key} could not be kept in ${this.location}: other processes keep overwriting it`, {
      operation: 'write',
      key,
    });
  }

  delete(key: string): Awaitable<unknown> {
    return this.#do('delete', key, () => this.#store.delete(key));
  }

  async *keys(prefix: string): AsyncIterableIterator<string> {
    if (this.#store.keys) return yield* this.#store.keys(prefix);
    if (!this.#store.iterator)
      throw new StorageError(
        `${this.location} cannot list what it holds: the store has neither keys() nor iterator()`,
        { operation: 'list' },
      );
    for await (const [key] of this.#store.iterator()) if (key.startsWith(prefix)) yield key;
  }

  async close(): Promise<void> {
    await this.#do('close', undefined, () => this.#store.disconnect?.());
  }

  #do<T>(operation: StorageOperation, key: string | undefined, call: () => Awaitable<T>): Awaitable<T> {
    try {
      const result = call();
      return isPromiseLike(result)
        ? (result as PromiseLike<T>).then(undefined, (error) => this.#fail(operation, key, error))
        : result;
    } catch (error) {
      return this.#fail(operation, key, error);
    }
  }

  #fail(operation: StorageOperation, key: string | undefined, cause: unknown): never {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(
      `cannot ${operation} ${key ?? 'it'} in ${this.location}: ${(cause as Error)?.message ?? cause}`,
      { operation, key, cause },
    );
  }
}
