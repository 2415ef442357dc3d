import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import type { Bytes } from '../encoding/encoder';
import { readonlyError, StorageError, type StorageOperation } from './errors';
import type { StoreAdapter } from './store';

const mostEntries = 500;
const mostBytes = 8 * 1024 * 1024;
/** Batches under way at once: one is on its way while the next is gathered, or more gathers in each. */
const mostUnderWay = 2;

interface Item<In, Out> {
  readonly input: In;
  readonly size: number;
  readonly resolve: (value: Out) => void;
  readonly reject: (reason: unknown) => void;
}

/** Gathers what is asked for at the same time, and asks a backend for all of it at once. */
class Batcher<In, Out> {
  readonly #send: (inputs: In[]) => unknown;
  readonly #waiting: Item<In, Out>[] = [];
  #underWay = 0;
  #isScheduled = false;

  /** @param send gives an array with an answer for each input, or nothing when there is nothing to answer */
  constructor(send: (inputs: In[]) => unknown) {
    this.#send = send;
  }

  add(input: In, size: number): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, size, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // What is asked for in the same turn is in by then.
      process.nextTick(() => {
        this.#isScheduled = false;
        this.#sendMore();
      });
    });
  }

  #sendMore(): void {
    while (this.#underWay < mostUnderWay && this.#waiting.length > 0) void this.#sendBatch(this.#take());
  }

  #take(): Item<In, Out>[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < mostEntries && (count === 0 || bytes < mostBytes))
      bytes += this.#waiting[count++]!.size;
    return this.#waiting.splice(0, count);
  }

  async #sendBatch(batch: Item<In, Out>[]): Promise<void> {
    this.#underWay++;
    try {
      const sent = this.#send(batch.map(({ input }) => input));
      const answers = (isPromiseLike(sent) ? await sent : sent) as Out[] | undefined;
      for (let i = 0; i < batch.length; i++) batch[i]!.resolve(answers?.[i] as Out);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#underWay--;
    this.#sendMore();
  }
}

/** Reads and writes of a store in batches, where it can do them. */
class Batches {
  readonly read: ((key: string) => Promise<unknown>) | undefined;
  readonly write: ((key: string, bytes: Bytes) => Promise<unknown>) | undefined;

  constructor(store: StoreAdapter) {
    if (store.getMany) {
      const reads = new Batcher<string, unknown>((keys) => store.getMany!(keys));
      this.read = (key) => reads.add(key, 0);
    }
    if (store.setMany) {
      const writes = new Batcher<{ key: string; value: Bytes }, unknown>((entries) => store.setMany!(entries));
      this.write = (key, value) => writes.add({ key, value }, value.byteLength);
    }
  }
}

/** A store returned something other than bytes. */
export class NotBytesError extends StorageError {}

/** Bytes by key in a store, whatever the store can and cannot do: all that it throws becomes a StorageError. */
export class StoreClient {
  /** What was opened, for messages. */
  readonly location: string;
  readonly #store: StoreAdapter;
  readonly #batches: Batches;
  readonly #isReadonly: boolean;

  /** @param isReadonly whether writing and deleting fail */
  constructor(store: StoreAdapter, location: string, isReadonly = false) {
    this.#isReadonly = isReadonly;
    this.#store = store;
    this.#batches = new Batches(store);
    this.location = location;
  }

  /** Whether bytes that were written are not used any more afterwards, and those that are read not elsewhere. */
  get copies(): boolean {
    return this.#store.copies === true;
  }

  /** What is looked at to list keys that start with something; undefined when that is all keys. */
  get listsFast(): StoreAdapter['listsFast'] {
    return this.#store.listsFast;
  }

  /** Lets the reads that follow see all that other processes have written by now. */
  refresh(): void {
    this.#store.refresh?.();
  }

  /** @param onPart may be given the parts of large bytes while the rest is being read */
  read(key: string, onPart?: (part: Bytes) => void): Awaitable<Bytes | undefined> {
    return andThen(
      this.#do('read', key, () => (onPart ? this.#store.get(key, onPart) : this.#store.get(key))),
      (value) => this.#bytesOf(value, key),
    );
  }

  /** Reads a small entry: together with what else is read at the same time, where the store can. */
  readSmall(key: string): Awaitable<Bytes | undefined> {
    const { read } = this.#batches;
    if (!read) return this.read(key);
    return andThen(
      this.#do('read', key, () => read(key)),
      (value) => this.#bytesOf(value, key),
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

  /** Writes a small entry: together with what else is written at the same time, where the store can. */
  writeSmall(key: string, bytes: Bytes, durable: boolean): Awaitable<unknown> {
    const { write } = this.#batches;
    return write ? this.#do('write', key, () => write(key, bytes)) : this.write(key, bytes, durable);
  }

  /** Adds to the end of what is under a key, so that nothing is lost that another process adds. */
  append(key: string, line: Uint8Array): Awaitable<unknown> {
    if (this.#store.append) return this.#do('write', key, () => this.#store.append!(key, line));
    return this.#appendAgain(key, line, 10);
  }

  /** Likewise, but not durable at once, and what another process adds at the same moment may be lost. */
  appendLazily(key: string, line: Uint8Array): Awaitable<unknown> {
    if (this.#store.append) return this.#do('write', key, () => this.#store.append!(key, line, { durable: false }));
    return andThen(this.read(key), (log) => this.write(key, Buffer.concat([log ?? new Uint8Array(), line]), false));
  }

  /** Without an indivisible append, another process may have overwritten what was added: it is looked for, and added again. */
  #appendAgain(key: string, line: Uint8Array, tries: number): Awaitable<unknown> {
    return andThen(this.read(key), (log) => {
      if (log && bufferOf(log).includes(bufferOf(line))) return undefined;
      if (tries === 0)
        throw new StorageError(
          `${key} could not be kept in ${this.location}: other processes keep overwriting it. Try again when fewer do`,
          { operation: 'write', key },
        );
      const written = this.write(key, Buffer.concat([log ?? new Uint8Array(), line]), true);
      return andThen(written, () => this.#appendAgain(key, line, tries - 1));
    });
  }

  /** Deletes all where it cannot be read, or not be deleted one by one. Gives whether that was so. */
  async removeUnusable(failure?: unknown): Promise<boolean> {
    return (await this.#do('delete', undefined, () => this.#store.removeUnusable?.(failure))) === true;
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

  /** All small entries whose keys have a prefix, as they are read; an error in place of a value that is not bytes. */
  async *entries(
    prefix: string,
    isWanted: (key: string) => boolean,
  ): AsyncIterableIterator<[string, Bytes | NotBytesError]> {
    for await (const group of chunks(this.keys(prefix))) {
      const keys = group.filter(isWanted);
      const read = await Promise.all(keys.map((key) => this.#readOne(key)));
      for (let i = 0; i < keys.length; i++) {
        const bytes = read[i];
        if (bytes !== undefined) yield [keys[i]!, bytes];
      }
    }
  }

  async #readOne(key: string): Promise<Bytes | NotBytesError | undefined> {
    try {
      return await this.readSmall(key);
    } catch (error) {
      if (error instanceof NotBytesError) return error;
      throw error;
    }
  }

  async diskSize(folder: string | undefined): Promise<number | undefined> {
    return this.#do('list', undefined, () => this.#store.diskSize?.(folder));
  }

  async close(): Promise<void> {
    await this.#do('close', undefined, () => this.#store.disconnect?.());
  }

  #bytesOf(value: unknown, key: string): Bytes | undefined {
    if (value === undefined || value === null) return undefined;
    if (ArrayBuffer.isView(value)) return value as Bytes;
    throw new NotBytesError(
      `${this.location} gave a ${typeof value} where bytes were saved (${key}): does something else use the same keys?`,
      { operation: 'read', key },
    );
  }

  #do<T>(operation: StorageOperation, key: string | undefined, call: () => Awaitable<T>): Awaitable<T> {
    try {
      if (this.#isReadonly && (operation === 'write' || operation === 'delete'))
        throw readonlyError(this.location, operation, key);
      const result = call();
      return isPromiseLike(result)
        ? (result as PromiseLike<T>).then(undefined, (error) => this.#fail(operation, key, error))
        : result;
    } catch (error) {
      return this.#fail(operation, key, error);
    }
  }

  #fail(operation: StorageOperation, key: string | undefined, cause: unknown): never {
    if (isInstance(cause, StorageError)) throw cause;
    throw new StorageError(`cannot ${operation} ${key ?? 'it'} in ${this.location}: ${describeError(cause)}`, {
      operation,
      key,
      cause,
    });
  }
}

const groupSize = 100;

/** Items as they come, in groups that are worth asking for at once. */
export async function* chunks<T>(items: AsyncIterable<T>): AsyncIterableIterator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < groupSize) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
