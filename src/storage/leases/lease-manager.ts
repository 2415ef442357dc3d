import { type Awaitable, isPromiseLike } from '../../base/awaitable';
import { describeError, isInstance } from '../../base/describe-error';
import { newOwnerId } from '../../base/process-id';
import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';
import { StorageError, type StorageOperation } from '../errors';
import type { LeaseOptions } from '../options';
import type { StoreClient } from '../store-client';
import { type Lease, type LeaseBackend, type LeasedWrite, LeaseLostError, type Leases, leaseKeyOf } from './lease';
import { LeaseWaiter } from './lease-waiter';
import { type Clock, type LeaseRenewer, LoopRenewer, systemClock } from './renewal';
import { ThreadRenewer } from './renewal-thread';

/** The same backend, with every error turned into a StorageError. */
function wrapErrors(board: LeaseBackend, location: string): LeaseBackend {
  const fail = (operation: StorageOperation, key: string | undefined, cause: unknown): never => {
    if (isInstance(cause, StorageError)) throw cause;
    throw new StorageError(`cannot ${operation} ${key ?? 'leases'} in ${location}: ${describeError(cause)}`, {
      operation,
      key,
      cause,
    });
  };
  const guard = <T>(operation: StorageOperation, key: string | undefined, work: () => Awaitable<T>): Awaitable<T> => {
    try {
      const done = work();
      return isPromiseLike(done) ? done.then(undefined, (error) => fail(operation, key, error)) : done;
    } catch (error) {
      return fail(operation, key, error);
    }
  };
  return {
    ...(board.uri && { uri: () => board.uri!() }),
    acquire: (key, token, expiresAfter) =>
      guard('write', leaseKeyOf(key), () => board.acquire(key, token, expiresAfter)),
    ...(board.renew && {
      renew: (key, token, expiresAfter) =>
        guard('write', leaseKeyOf(key), () => board.renew!(key, token, expiresAfter)),
    }),
    write: (key, token, bytes, durable) => guard('write', key, () => board.write(key, token, bytes, durable)),
    release: (key, token) => guard('delete', leaseKeyOf(key), () => board.release(key, token)),
    peek: (keys) => guard('read', keys.length === 1 ? leaseKeyOf(keys[0]!) : undefined, () => board.peek(keys)),
    ...(board.breakLease && {
      breakLease: (key, seen) => guard('delete', leaseKeyOf(key), () => board.breakLease!(key, seen)),
    }),
    ...(board.clear && { clear: () => guard('delete', undefined, () => board.clear!()) }),
  };
}

/** The dependencies of a lease. */
interface LeaseDeps {
  readonly backend: LeaseBackend;
  /** Undefined when leases do not expire. */
  readonly renewer: LeaseRenewer | undefined;
  readonly expiresAfter: number;
  /** Reads the entry of a key, bypassing caches. */
  read(key: TaskKey): Awaitable<Bytes | undefined>;
  /** Called once, at the end of the lease. */
  onEnd(lease: ActiveLease): void;
}

/** A lease that expires so often in a row is disturbed by another program. */
const attempts = 3;

/** A lease that this process holds. */
class ActiveLease implements Lease {
  readonly key: TaskKey;
  readonly #deps: LeaseDeps;
  readonly #token: string;
  readonly #keptAs: number | undefined;
  readonly #abort = new AbortController();
  #handedBack: Awaitable<string | undefined>;
  #isHandedBack = false;
  #isOver = false;
  #writing: Promise<unknown> | undefined;

  constructor(key: TaskKey, token: string, home: LeaseDeps) {
    this.key = key;
    this.#token = token;
    this.#deps = home;
    const { renewer, expiresAfter } = home;
    this.#keptAs = renewer?.start({ key, token, expiresAfter, onLost: () => this.#lose() });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  async write(entry: LeasedWrite): Promise<boolean> {
    if (this.#isOver) return false;
    const writing = this.#write(entry);
    this.#writing = writing.catch(() => undefined);
    const isWritten = await writing;
    if (!isWritten) this.#lose();
    this.#end();
    return isWritten;
  }

  async release(): Promise<void> {
    await this.#writing;
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      const token = await this.#stopRenewal();
      if (token !== undefined) await this.#deps.backend.release(this.key, token);
    } catch {
      // The store is away: the lease expires.
    }
    this.#deps.onEnd(this);
  }

  async #write({ bytes, durable, isStale }: LeasedWrite): Promise<boolean> {
    const { backend, expiresAfter } = this.#deps;
    let token = await this.#stopRenewal();
    // Another process may have had the lease, and written, before it was acquired again.
    let isUnseen = token !== this.#token;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (token === undefined) {
        token = newOwnerId();
        isUnseen = true;
        if (!(await backend.acquire(this.key, token, expiresAfter))) return false;
        this.#handedBack = token;
      }
      if (isUnseen && !(await this.#mayReplace(isStale))) {
        await backend.release(this.key, token);
        return false;
      }
      if (await backend.write(this.key, token, bytes, durable)) return true;
      token = undefined;
    }
    return false;
  }

  async #mayReplace(isStale: (bytes: Bytes) => boolean): Promise<boolean> {
    const bytes = await this.#deps.read(this.key);
    return bytes === undefined || isStale(bytes);
  }

  /** Stops the renewal, so that only this lease uses its token. */
  #stopRenewal(): Awaitable<string | undefined> {
    if (this.#isHandedBack) return this.#handedBack;
    this.#isHandedBack = true;
    return (this.#handedBack = this.#keptAs === undefined ? this.#token : this.#deps.renewer!.release(this.#keptAs));
  }

  #lose(): void {
    if (!this.#isOver) this.#abort.abort(new LeaseLostError(this.key));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.onEnd(this);
  }
}

/** In milliseconds: longer than a process swaps or a Redis restarts, and short enough to wait for. */
const defaultTerm = 15_000;

/** Replace the clock and the renewal thread of this process. */
export interface LeaseTestHooks {
  readonly clock?: Clock;
  readonly renewer?: LeaseRenewer;
}

/** Acquires the leases of one store, and waits for those of other processes. */
export class LeaseManager implements Leases {
  readonly #board: LeaseBackend;
  readonly #location: string;
  readonly #held = new Set<ActiveLease>();
  readonly #home: LeaseDeps;
  readonly #waits: LeaseWaiter;

  constructor(
    board: LeaseBackend,
    client: Pick<StoreClient, 'read' | 'location'>,
    { expiresAfter = defaultTerm }: LeaseOptions = {},
    { clock = systemClock, renewer = renewerFor(board, clock) }: LeaseTestHooks = {},
  ) {
    this.#board = wrapErrors(board, client.location);
    this.#location = client.location;
    this.#waits = new LeaseWaiter(this.#board, expiresAfter, clock);
    this.#home = {
      backend: this.#board,
      renewer,
      expiresAfter,
      read: (key) => client.read(key),
      onEnd: (lease) => {
        this.#held.delete(lease);
        this.#waits.notifyFree(lease.key);
      },
    };
  }

  async acquire(key: TaskKey): Promise<Lease | undefined> {
    const token = newOwnerId();
    if (!(await this.#board.acquire(key, token, this.#home.expiresAfter))) return undefined;
    const lease = new ActiveLease(key, token, this.#home);
    this.#held.add(lease);
    return lease;
  }

  whenFree(key: TaskKey, signal: AbortSignal): Promise<void> {
    return this.#waits.whenFree(key, signal);
  }

  /** Removes all leases, even those of other processes. */
  async clear(): Promise<void> {
    await this.#board.clear?.();
  }

  async close(): Promise<void> {
    this.#waits.end(new StorageError(`${this.#location} was closed while waiting for a lease`, { operation: 'read' }));
    await Promise.all([...this.#held].map((lease) => lease.release()));
  }
}

/** Renews leases in a thread, so that a task may block the event loop, if a thread can open the store. */
function renewerFor(board: LeaseBackend, clock: Clock): LeaseRenewer | undefined {
  if (board.renew === undefined) return undefined;
  return board.uri ? new ThreadRenewer(board.uri(), board) : new LoopRenewer(board, clock);
}
