import type { Awaitable } from '../base/awaitable';
import { type Allowed, checkOptions, isBoolean, oneOf } from '../base/check-options';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { shareClass, whyForeign } from '../base/shared-state';
import { type ConfiguredStorage, configuredStorage } from '../config/configured-storage';
import type { Encoder } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import { definitionOf } from '../task/definition';
import { safeName } from '../task/safe-name';
import type { TaskClass } from '../task/task-class';
import { CheckpointStore } from './checkpoint-store';
import { GoneCheckpointError, StorageError } from './errors';
import type { CheckpointRecord } from './format/record';
import { clearStore, listRecords } from './maintain-store';
import { clearMarksIn, placeIdOf } from './marks/epochs';
import { openStore, type StorageSource } from './open';
import { type StorageOptions, storageOptions } from './options';
import { runInScope, type ScopeOptions } from './scope';
import { collectStats, type TaskStats, totalDiskSize } from './stats';
import { type ReadStore, StorageStack } from './storage-stack';

/** The options of a chain of storages. */
export interface ChainOptions {
  /** Write results to the first storage that is not read-only, or to all of these. @default 'first' */
  readonly write?: 'first' | 'all';
  /** Copy results that are loaded from a later storage into the first. @default false */
  readonly promote?: boolean;
}

const chainOptions: Readonly<Record<keyof ChainOptions, Allowed>> = {
  write: oneOf('first', 'all'),
  promote: isBoolean,
};
const scopeOptions: Readonly<Record<keyof ScopeOptions, Allowed>> = { save: isBoolean, nested: isBoolean };

/** The filter of a list. */
export interface ListFilter {
  /** Only the results of this task: its class or name. */
  readonly task?: string | TaskClass;
  /** Called for each omitted checkpoint, with the problem: damage, or a newer format. */
  readonly onUnreadable?: (key: TaskKey, problem: string) => void;
}

/**
 * A place for checkpoints.
 *
 * @example
 * const storage = Storage.open('file:.tidemark');
 * for await (const record of storage.list({ task: 'TrainModel' })) console.log(record.key, record.seconds);
 */
export class Storage {
  static {
    shareClass(Storage, 'Storage');
  }

  /** @internal The stores, for runs. */
  readonly stack: StorageStack;
  /** @internal The storage is from a config file, and so belongs to all runners of the process. */
  isShared = false;

  private constructor(stack: StorageStack) {
    this.stack = stack;
  }

  static #over(store: CheckpointStore): Storage {
    return new Storage(new StorageStack([{ store, promoteTo: [] }], store.isReadonly ? [] : [store]));
  }

  /**
   * Opens a storage. Nothing is read, written or connected before its first use.
   *
   * @param source a URI such as `'memory:'`, `'file:PATH'`, `'lmdb:PATH'` or `'redis://HOST'`, a `Map`, a Keyv store
   *   adapter, or a `Keyv` with one; append `?readonly=true` to a URI to only read it @default the storage named by `TIDEMARK_STORAGE` or the nearest `tidemark.config.*`, or else 'file:.tidemark'
   * @throws {StorageError} when it is none of these
   */
  static open(source?: StorageSource, options: StorageOptions = {}): Storage {
    checkOptions(options, storageOptions, 'a storage');
    checkCopy(source);
    const configured = source === undefined ? configuredStorage() : undefined;
    if (configured?.source instanceof Storage) return shared(configured.source, configured.from, options);
    const opened = configured
      ? openConfigured(configured, options.readonly)
      : openStore(source === undefined ? 'file:.tidemark' : source, options.readonly);
    const { store, location, isReadonly, address } = opened;
    const place = address === undefined ? undefined : placeIdOf(address);
    return Storage.#over(new CheckpointStore(store, location, { ...options, readonly: isReadonly }, place));
  }

  /**
   * Chains storages: they are searched in this order, and results are written to the first, or to all.
   *
   * @param storages the nearest first, optionally followed by the options `write` and `promote`
   * @throws {TidemarkError} when no storage is given, or one is given twice
   * @example
   * const storage = Storage.chain(Storage.open('file:.tidemark'), Storage.open('redis://shared'), { promote: true });
   */
  static chain(...storages: [Storage, ...Storage[]] | [Storage, ...Storage[], ChainOptions]): Storage {
    storages.forEach(checkCopy);
    const last = storages.at(-1);
    const options: ChainOptions = last instanceof Storage ? {} : ((last as ChainOptions | undefined) ?? {});
    const chained = (last instanceof Storage ? storages : storages.slice(0, -1)) as Storage[];
    if (chained.length === 0 || !chained.every((one) => one instanceof Storage) || typeof options !== 'object')
      throw new TidemarkError('Storage.chain takes storages, the nearest first, optionally followed by options');
    checkOptions(options, chainOptions, 'a chain');
    const all = chained.flatMap(({ stack }) => stack.all);
    if (new Set(all).size < all.length) throw new TidemarkError('the chain contains the same storage twice');
    const { write = 'first', promote = false } = options;
    // Read-only storages are skipped.
    const nearest = chained.findIndex(({ stack }) => stack.writes.length > 0);
    const first = chained[nearest]?.stack.writes ?? [];
    const reads = chained.flatMap(({ stack }, i) =>
      promote && i > nearest ? stack.reads.map((read) => promoted(read, first)) : stack.reads,
    );
    return new Storage(new StorageStack(reads, write === 'all' ? chained.flatMap(({ stack }) => stack.writes) : first));
  }

  /** @internal The same stores, all read-only. */
  asReadonly(): Storage {
    return new Storage(
      new StorageStack(
        this.stack.all.map((store): ReadStore => ({ store: store.asReadonly(), promoteTo: [] })),
        [],
      ),
    );
  }

  /** The name in messages. */
  get location(): string {
    return this.stack.location;
  }

  /**
   * Calls `body`. Runs that are started in it search this storage first, then the enclosing scopes, then the storage of
   * the runner; they save into the innermost of these that saves. Concurrent scopes never see each other.
   *
   * @example
   * const score = await Storage.open('memory:').scope(() => runner.run(ScoreModel, { path }), { nested: false });
   */
  async scope<R>(body: () => Awaitable<R>, options: ScopeOptions = {}): Promise<R> {
    checkOptions(options, scopeOptions, 'a scope');
    return runInScope(this.stack, options, body);
  }

  /**
   * The saved result of a key; undefined if there is none.
   *
   * @param encoder the encoder of the task, if it has one of its own
   * @throws {StorageError} when the storage cannot be read
   * @throws {DamagedCheckpointError} when its bytes are not those that were saved
   * @throws {UnreadableCheckpointError} when it needs an encoder or a version that is not here
   * @throws {UnencryptedCheckpointError} when it is not encrypted and has to be
   */
  async get(key: TaskKey, encoder?: Encoder): Promise<unknown> {
    for (const from of this.stack.reads) {
      from.store.client.refresh();
      const checkpoint = await from.store.find(key, encoder);
      if (!checkpoint) continue;
      try {
        return await this.stack.load({ from, checkpoint }, encoder);
      } catch (error) {
        if (!isInstance(error, GoneCheckpointError)) throw error;
      }
    }
    return undefined;
  }

  /** A result is saved under the key. */
  async has(key: TaskKey): Promise<boolean> {
    for (const { store } of this.stack.reads) if (await store.has(key)) return true;
    return false;
  }

  /**
   * Deletes a saved result in all storages of a chain that are not read-only; results computed from it stay valid.
   * Returns false if there was none.
   *
   * @throws {StorageError} when all are read-only
   */
  async delete(key: TaskKey): Promise<boolean> {
    return this.stack.delete(key);
  }

  /**
   * Lists the records of saved results, in no particular order, each key once. Unreadable records are omitted.
   *
   * @param filter `task`: only the results of a task, by its class or name; `onUnreadable`: called for each omitted record
   */
  async *list(filter: ListFilter = {}): AsyncIterableIterator<CheckpointRecord> {
    const { task, onUnreadable } = filter;
    const folder = task === undefined ? undefined : safeName(typeof task === 'string' ? task : definitionOf(task).name);
    const listed: CheckpointStore[] = [];
    for (const store of this.stack.all) {
      for await (const record of listRecords(store, folder, onUnreadable))
        if (!(await isIn(listed, record.key))) yield { ...record, marks: clearMarksIn(record.marks) };
      listed.push(store);
    }
  }

  /**
   * The number and size of the saved results of each task.
   *
   * @example
   * for (const [task, { count, bytes }] of await Storage.open().stats()) console.log(task, count, bytes);
   */
  async stats(): Promise<ReadonlyMap<string, TaskStats>> {
    return collectStats(this.list(), this.stack.all);
  }

  /**
   * The disk space of everything in the storage on this machine, in bytes and whole blocks, for files and LMDB;
   * undefined for other stores.
   */
  async diskSize(): Promise<number | undefined> {
    return totalDiskSize(this.stack.all);
  }

  /**
   * Deletes everything that Tidemark keeps in all storages of a chain that are not read-only. Other values in a `Map` or
   * a store stay.
   *
   * @throws {StorageError} when all are read-only
   */
  async clear(): Promise<void> {
    for (const store of this.stack.writable('delete')) await clearStore(store);
  }

  /** Waits for pending operations and closes connections. */
  async close(): Promise<void> {
    await Promise.all(this.stack.all.map((store) => store.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function promoted({ store, promoteTo }: ReadStore, first: readonly CheckpointStore[]): ReadStore {
  return { store, promoteTo: [...promoteTo, ...first] };
}

/** @throws {StorageError} naming the file or variable with the storage */
function openConfigured({ source, from }: ConfiguredStorage, isReadonly?: boolean): ReturnType<typeof openStore> {
  try {
    return openStore(source as StorageSource, isReadonly);
  } catch (cause) {
    throw new StorageError(`${from}: ${describeError(cause)}`, { operation: 'open', cause });
  }
}

/** @throws {StorageError} for a storage of an incompatible copy of the package */
function checkCopy(source: unknown): void {
  const problem = whyForeign(Storage, source);
  if (problem !== undefined) throw new StorageError(`the storage cannot be used: ${problem}`, { operation: 'open' });
}

function shared(storage: Storage, from: string, options: StorageOptions): Storage {
  if (Object.keys(options).length > 0)
    throw new StorageError(`${from} provides a storage that is already open, so that it takes no options`, {
      operation: 'open',
    });
  storage.isShared = true;
  return storage;
}

async function isIn(stores: readonly CheckpointStore[], key: TaskKey): Promise<boolean> {
  for (const store of stores) if (await store.has(key)) return true;
  return false;
}
