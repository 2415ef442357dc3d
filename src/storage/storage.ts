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

/** How several storages work as one. */
export interface ChainOptions {
  /** Whether results are written to the first storage only, or to all; those that are read-only aside. @default 'first' */
  readonly write?: 'first' | 'all';
  /** Whether what a later storage had is copied into the first when it is loaded. @default false */
  readonly promote?: boolean;
}

const chainOptions: Readonly<Record<keyof ChainOptions, Allowed>> = {
  write: oneOf('first', 'all'),
  promote: isBoolean,
};
const scopeOptions: Readonly<Record<keyof ScopeOptions, Allowed>> = { save: isBoolean, nested: isBoolean };

/** What is listed. */
export interface ListFilter {
  /** Only the results of this task: its class or name. */
  readonly task?: string | TaskClass;
  /** Told of the checkpoints that are left out, and what is wrong with them: damage, or a newer format. */
  readonly onUnreadable?: (key: TaskKey, problem: string) => void;
}

/**
 * Where checkpoints are.
 *
 * @example
 * const storage = Storage.open('file:.tidemark');
 * for await (const record of storage.list({ task: 'TrainModel' })) console.log(record.key, record.seconds);
 */
export class Storage {
  static {
    shareClass(Storage, 'Storage');
  }

  /** @internal What runs use. */
  readonly stack: StorageStack;
  /** @internal Whether it stands in a config file, and so belongs to all runners of the process. */
  isShared = false;

  private constructor(stack: StorageStack) {
    this.stack = stack;
  }

  static #over(store: CheckpointStore): Storage {
    return new Storage(new StorageStack([{ store, promoteTo: [] }], store.isReadonly ? [] : [store]));
  }

  /**
   * Opens a storage; nothing is read, written or connected before it is used.
   *
   * @param source a URI such as `'memory:'`, `'file:PATH'`, `'lmdb:PATH'` or `'redis://HOST'`, a `Map`, a Keyv store
   *   adapter, or a `Keyv` with one; `?readonly=true` at the end of a URI says that it is only read @default what `TIDEMARK_STORAGE` or the nearest `tidemark.config.*` names, or else 'file:.tidemark'
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
   * Several storages as one: read in this order; written to the first, or to all.
   *
   * @param storages the nearest first; last may stand options: `write`, `promote`
   * @throws {TidemarkError} when there is none, or one is given twice
   * @example
   * const storage = Storage.chain(Storage.open('file:.tidemark'), Storage.open('redis://shared'), { promote: true });
   */
  static chain(...storages: [Storage, ...Storage[]] | [Storage, ...Storage[], ChainOptions]): Storage {
    storages.forEach(checkCopy);
    const last = storages.at(-1);
    const options: ChainOptions = last instanceof Storage ? {} : ((last as ChainOptions | undefined) ?? {});
    const chained = (last instanceof Storage ? storages : storages.slice(0, -1)) as Storage[];
    if (chained.length === 0 || !chained.every((one) => one instanceof Storage) || typeof options !== 'object')
      throw new TidemarkError('Storage.chain takes storages, the nearest first, and options at the end');
    checkOptions(options, chainOptions, 'a chain');
    const all = chained.flatMap(({ stack }) => stack.all);
    if (new Set(all).size < all.length) throw new TidemarkError('a storage stands twice in one chain');
    const { write = 'first', promote = false } = options;
    // Storages that are read-only write nothing, so another one is the first that does.
    const nearest = chained.findIndex(({ stack }) => stack.writes.length > 0);
    const first = chained[nearest]?.stack.writes ?? [];
    const reads = chained.flatMap(({ stack }, i) =>
      promote && i > nearest ? stack.reads.map((read) => promoted(read, first)) : stack.reads,
    );
    return new Storage(new StorageStack(reads, write === 'all' ? chained.flatMap(({ stack }) => stack.writes) : first));
  }

  /** @internal The same layers, all of them read-only. */
  asReadonly(): Storage {
    return new Storage(
      new StorageStack(
        this.stack.all.map((store): ReadStore => ({ store: store.asReadonly(), promoteTo: [] })),
        [],
      ),
    );
  }

  /** What was opened, for messages. */
  get location(): string {
    return this.stack.location;
  }

  /**
   * Calls `body`: runs that are started in it look for checkpoints here first, then in the scopes around it, then in
   * the runner's own storage; they save into the innermost that saves. Scopes that are open at the same time never
   * see each other.
   *
   * @example
   * const score = await Storage.open('memory:').scope(() => runner.run(ScoreModel, { path }), { nested: false });
   */
  async scope<R>(body: () => Awaitable<R>, options: ScopeOptions = {}): Promise<R> {
    checkOptions(options, scopeOptions, 'a scope');
    return runInScope(this.stack, options, body);
  }

  /**
   * The saved result of a key; undefined when there is none.
   *
   * @param encoder the one that its task has, when it has one
   * @throws {StorageError} when the storage cannot be read
   * @throws {DamagedCheckpointError} when its bytes are not those that were saved
   * @throws {UnreadableCheckpointError} when they need something that is not here
   * @throws {UnencryptedCheckpointError} when they are not encrypted and have to be
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

  /** Whether a result is saved under a key. */
  async has(key: TaskKey): Promise<boolean> {
    for (const { store } of this.stack.reads) if (await store.has(key)) return true;
    return false;
  }

  /**
   * Deletes a saved result, in all layers that are not read-only; what came from it stays valid. Gives whether there
   * was one.
   *
   * @throws {StorageError} when all are read-only
   */
  async delete(key: TaskKey): Promise<boolean> {
    return this.stack.delete(key);
  }

  /**
   * The records of what is saved, in no particular order, each key once; those that cannot be read are left out.
   *
   * @param filter `task`: only those of a task, by its class or name; `onUnreadable`: told of each that is left out
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
   * How many results are saved of each task, and how many bytes they take.
   *
   * @example
   * for (const [task, { count, bytes }] of await Storage.open().stats()) console.log(task, count, bytes);
   */
  async stats(): Promise<ReadonlyMap<string, TaskStats>> {
    return collectStats(this.list(), this.stack.all);
  }

  /**
   * How many bytes of the disks of this machine all takes that is kept here, in whole blocks: of files and LMDB;
   * undefined where other stores keep it.
   */
  async diskSize(): Promise<number | undefined> {
    return totalDiskSize(this.stack.all);
  }

  /**
   * Deletes all that Tidemark keeps here, in all layers that are not read-only; a `Map` or a store may hold other
   * things, which stay.
   *
   * @throws {StorageError} when all are read-only
   */
  async clear(): Promise<void> {
    for (const store of this.stack.writable('delete')) await clearStore(store);
  }

  /** Waits for what is under way and lets go of connections. */
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

/** @throws {StorageError} naming the file or variable that says it */
function openConfigured({ source, from }: ConfiguredStorage, isReadonly?: boolean): ReturnType<typeof openStore> {
  try {
    return openStore(source as StorageSource, isReadonly);
  } catch (cause) {
    throw new StorageError(`${from}: ${describeError(cause)}`, { operation: 'open', cause });
  }
}

/** @throws {StorageError} for a storage of a copy of the package that does not work together with this one */
function checkCopy(source: unknown): void {
  const problem = whyForeign(Storage, source);
  if (problem !== undefined) throw new StorageError(`the storage cannot be used: ${problem}`, { operation: 'open' });
}

function shared(storage: Storage, from: string, options: StorageOptions): Storage {
  if (Object.keys(options).length > 0)
    throw new StorageError(`${from} gives a storage that is open already: it takes no options`, { operation: 'open' });
  storage.isShared = true;
  return storage;
}

async function isIn(stores: readonly CheckpointStore[], key: TaskKey): Promise<boolean> {
  for (const store of stores) if (await store.has(key)) return true;
  return false;
}
