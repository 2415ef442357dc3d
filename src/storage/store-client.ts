import { type Awaitable, andThen, isPromiseLike, rescue } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import type { Bytes } from '../encoding/encoder';
import { readonlyError, StorageError, type StorageOperation } from './errors';
import type { StoreAdapter } from './store';

/** A store returned something other than bytes. */
export class NotBytesError extends StorageError {}

interface ReadOptions {
  /** A small value: read in a batch with others that are requested in the same turn, where the store can. @default false */
  readonly small?: boolean;
  /** Receives the parts of a large value, in order, while the rest is being read. */
  readonly onPart?: ((part: Bytes) => void) | undefined;
}

interface WriteOptions {
  /** Flush to the disk before the write counts as done, where the store can. */
  readonly durable: boolean;
  /** A small value: written in a batch with others that are requested in the same turn, where the store can. @default false */
  readonly small?: boolean;
}

/** Bytes by key in any store: fills in for optional methods, batches, and turns every error into a StorageError. */
export class StoreClient {
  /** The name of the store in messages. */
  readonly location: string;
  readonly #store: StoreAdapter;
  readonly #isReadonly: boolean;
  readonly #reads: Batcher<string, unknown> | undefined;
  readonly #writes: Batcher<{ key: string; value: Bytes }, unknown> | undefined;

  /** @param isReadonly writing and deleting fail */
  constructor(store: StoreAdapter, location: string, isReadonly = false) {
    this.location = location;
    this.#store = store;
    this.#isReadonly = isReadonly;
    if (store.getMany) this.#reads = new Batcher((keys) => store.getMany!(keys));
    if (store.setMany) this.#writes = new Batcher((entries) => store.setMany!(entries));
  }

  /** The store keeps no reference to bytes it was given, and none to bytes it returned. */
  get copies(): boolean {
    return this.#store.copies === true;
  }

  /** What the store scans to list the keys with a prefix; undefined when it scans all keys. */
  get listsFast(): StoreAdapter['listsFast'] {
    return this.#store.listsFast;
  }

  /** Makes the following reads see everything that other processes have written by now. */
  refresh(): void {
    this.#store.refresh?.();
  }

  read(key: string, { small = false, onPart }: ReadOptions = {}): Awaitable<Bytes | undefined> {
    try {
      const value =
        small && this.#reads ? this.#reads.add(key, 0) : onPart ? this.#store.get(key, onPart) : this.#store.get(key);
      if (!isPromiseLike(value)) return this.#toBytes(value, key);
      return value.then(
        (later) => this.#toBytes(later, key),
        (error) => this.#fail('read', key, error),
      );
    } catch (error) {
      return this.#fail('read', key, error);
    }
  }

  async has(key: string): Promise<boolean> {
    if (!this.#store.has) return (await this.read(key)) !== undefined;
    return this.#try('read', key, () => this.#store.has!(key));
  }

  /** Tells if bytes that pass a test are under a key; a shared store may hold other values. */
  async holdsBytes(key: string, test: (bytes: Bytes) => boolean): Promise<boolean> {
    const value = await this.#try('read', key, () => this.#store.get(key));
    return ArrayBuffer.isView(value) && test(value as Bytes);
  }

  write(key: string, bytes: Bytes, { durable, small = false }: WriteOptions): Awaitable<unknown> {
    try {
      if (this.#isReadonly) throw readonlyError(this.location, 'write', key);
      const written =
        small && this.#writes
          ? this.#writes.add({ key, value: bytes }, bytes.byteLength)
          : this.#store.set(key, bytes, undefined, { durable });
      return isPromiseLike(written) ? written.then(undefined, (error) => this.#fail('write', key, error)) : written;
    } catch (error) {
      return this.#fail('write', key, error);
    }
  }

  /** Adds a line to the end of a value, durably; nothing that another process adds is lost. */
  append(key: string, line: Uint8Array): Awaitable<unknown> {
    if (this.#store.append) return this.#try('write', key, () => this.#store.append!(key, line));
    return this.#appendByRewriting(key, line, 10);
  }

  /** Adds a line without a flush; without an atomic append, a line that another process adds meanwhile may be lost. */
  appendLazily(key: string, line: Uint8Array): Awaitable<unknown> {
    if (this.#store.append) return this.#try('write', key, () => this.#store.append!(key, line, { durable: false }));
    return andThen(this.read(key), (log) => this.write(key, joined(log, line), { durable: false }));
  }

  /** Without an atomic append, another process may overwrite the line: it is read back, and added again if missing. */
  #appendByRewriting(key: string, line: Uint8Array, attempts: number): Awaitable<unknown> {
    return andThen(this.read(key), (log) => {
      if (log && bufferOf(log).includes(bufferOf(line))) return undefined;
      if (attempts === 0)
        throw new StorageError(
          `${key} could not be kept in ${this.location}: other processes keep overwriting it. Try again when fewer do`,
          { operation: 'write', key },
        );
      return andThen(this.write(key, joined(log, line), { durable: true }), () =>
        this.#appendByRewriting(key, line, attempts - 1),
      );
    });
  }

  /** Deletes everything in a store that cannot be read, or whose entries cannot be deleted one by one. Returns true if it did. */
  async removeUnusable(failure?: unknown): Promise<boolean> {
    return (await this.#try('delete', undefined, () => this.#store.removeUnusable?.(failure))) === true;
  }

  delete(key: string): Awaitable<unknown> {
    return this.#try('delete', key, () => this.#store.delete(key));
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

  /** Reads all small values whose keys have a prefix; yields an error in place of a value that is not bytes. */
  async *entries(
    prefix: string,
    isWanted: (key: string) => boolean,
  ): AsyncIterableIterator<[string, Bytes | NotBytesError]> {
    for await (const chunk of chunks(this.keys(prefix))) {
      const keys = chunk.filter(isWanted);
      const values = await Promise.all(keys.map((key) => this.#readOrError(key)));
      for (let i = 0; i < keys.length; i++) {
        const bytes = values[i];
        if (bytes !== undefined) yield [keys[i]!, bytes];
      }
    }
  }

  async #readOrError(key: string): Promise<Bytes | NotBytesError | undefined> {
    try {
      return await this.read(key, { small: true });
    } catch (error) {
      if (error instanceof NotBytesError) return error;
      throw error;
    }
  }

  async diskSize(folder: string | undefined): Promise<number | undefined> {
    return this.#try('list', undefined, () => this.#store.diskSize?.(folder));
  }

  async close(): Promise<void> {
    await this.#try('close', undefined, () => this.#store.disconnect?.());
  }

  #toBytes(value: unknown, key: string): Bytes | undefined {
    if (value === undefined || value === null) return undefined;
    if (ArrayBuffer.isView(value)) return value as Bytes;
    throw new NotBytesError(
      `${this.location} gave a ${typeof value} where bytes were saved (${key}): does something else use the same keys?`,
      { operation: 'read', key },
    );
  }

  #try<T>(operation: StorageOperation, key: string | undefined, call: () => Awaitable<T>): Awaitable<T> {
    if (this.#isReadonly && (operation === 'write' || operation === 'delete'))
      throw readonlyError(this.location, operation, key);
    return rescue(call, (error) => this.#fail(operation, key, error));
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

const maxBatchEntries = 500;
const maxBatchBytes = 8 * 1024 * 1024;
/** One batch is on its way while the next is collected; with more, each would hold less. */
const maxBatchesInFlight = 2;

interface BatchItem<In, Out> {
  readonly input: In;
  readonly size: number;
  readonly resolve: (value: Out) => void;
  readonly reject: (reason: unknown) => void;
}

/** Collects requests of the same turn, and sends them to a store together. */
class Batcher<In, Out> {
  readonly #send: (inputs: In[]) => unknown;
  readonly #waiting: BatchItem<In, Out>[] = [];
  #inFlight = 0;
  #isScheduled = false;

  /** @param send returns an array with an answer for each input, or nothing when there are no answers */
  constructor(send: (inputs: In[]) => unknown) {
    this.#send = send;
  }

  add(input: In, size: number): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, size, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // All requests of this turn are in by then.
      process.nextTick(() => {
        this.#isScheduled = false;
        this.#sendBatches();
      });
    });
  }

  #sendBatches(): void {
    while (this.#inFlight < maxBatchesInFlight && this.#waiting.length > 0) void this.#sendBatch(this.#nextBatch());
  }

  #nextBatch(): BatchItem<In, Out>[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < maxBatchEntries && (count === 0 || bytes < maxBatchBytes))
      bytes += this.#waiting[count++]!.size;
    return this.#waiting.splice(0, count);
  }

  async #sendBatch(batch: BatchItem<In, Out>[]): Promise<void> {
    this.#inFlight++;
    try {
      const sent = this.#send(batch.map(({ input }) => input));
      const answers = (isPromiseLike(sent) ? await sent : sent) as Out[] | undefined;
      for (let i = 0; i < batch.length; i++) batch[i]!.resolve(answers?.[i] as Out);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#inFlight--;
    this.#sendBatches();
  }
}

const chunkSize = 100;

/** Splits a stream into arrays that are worth requesting at once. */
export async function* chunks<T>(items: AsyncIterable<T>): AsyncIterableIterator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function joined(log: Bytes | undefined, line: Uint8Array): Buffer {
  return Buffer.concat([log ?? new Uint8Array(), line]);
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
