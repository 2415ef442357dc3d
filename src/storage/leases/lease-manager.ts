import { type Awaitable, rescue } from '../../base/awaitable';
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
function wrapErrors(backend: LeaseBackend, location: string): LeaseBackend {
  const fail = (operation: StorageOperation, key: string | undefined, cause: unknown): never => {
    if (isInstance(cause, StorageError)) throw cause;
    throw new StorageError(`cannot ${operation} ${key ?? 'leases'} in ${location}: ${describeError(cause)}`, {
      operation,
      key,
      cause,
    });
  };
  const guard = <T>(operation: StorageOperation, key: string | undefined, work: () => Awaitable<T>): Awaitable<T> =>
    rescue(work, (error) => fail(operation, key, error));
  return {
    ...(backend.uri && { uri: () => backend.uri!() }),
    acquire: (key, token, expiresAfter) =>
      guard('write', leaseKeyOf(key), () => backend.acquire(key, token, expiresAfter)),
    ...(backend.renew && {
      renew: (key, token, expiresAfter) =>
        guard('write', leaseKeyOf(key), () => backend.renew!(key, token, expiresAfter)),
    }),
    write: (key, token, bytes, durable) => guard('write', key, () => backend.write(key, token, bytes, durable)),
    release: (key, token) => guard('delete', leaseKeyOf(key), () => backend.release(key, token)),
    peek: (keys) => guard('read', keys.length === 1 ? leaseKeyOf(keys[0]!) : undefined, () => backend.peek(keys)),
    ...(backend.breakLease && {
      breakLease: (key, seen) => guard('delete', leaseKeyOf(key), () => backend.breakLease!(key, seen)),
    }),
    ...(backend.clear && { clear: () => guard('delete', undefined, () => backend.clear!()) }),
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
  readonly #renewalId: number | undefined;
  readonly #abort = new AbortController();
  #releasedToken: Awaitable<string | undefined>;
  #isRenewalStopped = false;
  #hasEnded = false;
  #writing: Promise<unknown> | undefined;

  constructor(key: TaskKey, token: string, deps: LeaseDeps) {
    this.key = key;
    this.#token = token;
    this.#deps = deps;
    const { renewer, expiresAfter } = deps;
    this.#renewalId = renewer?.start({ key, token, expiresAfter, onLost: () => this.#lose() });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  async write(entry: LeasedWrite): Promise<boolean> {
    if (this.#hasEnded) return false;
    const writing = this.#write(entry);
    this.#writing = writing.catch(() => undefined);
    const isWritten = await writing;
    if (!isWritten) this.#lose();
    this.#end();
    return isWritten;
  }

  async release(): Promise<void> {
    await this.#writing;
    if (this.#hasEnded) return;
    this.#hasEnded = true;
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
        this.#releasedToken = token;
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
    if (this.#isRenewalStopped) return this.#releasedToken;
    this.#isRenewalStopped = true;
    return (this.#releasedToken =
      this.#renewalId === undefined ? this.#token : this.#deps.renewer!.release(this.#renewalId));
  }

  #lose(): void {
    if (!this.#hasEnded) this.#abort.abort(new LeaseLostError(this.key));
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
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

/** Acquires the leases of one store, and waiter for those of other processes. */
export class LeaseManager implements Leases {
  readonly #backend: LeaseBackend;
  readonly #location: string;
  readonly #held = new Set<ActiveLease>();
  readonly #deps: LeaseDeps;
  readonly #waiter: LeaseWaiter;

  constructor(
    backend: LeaseBackend,
    client: Pick<StoreClient, 'read' | 'location'>,
    { expiresAfter = defaultTerm }: LeaseOptions = {},
    { clock = systemClock, renewer = renewerFor(backend, clock) }: LeaseTestHooks = {},
  ) {
    this.#backend = wrapErrors(backend, client.location);
    this.#location = client.location;
    this.#waiter = new LeaseWaiter(this.#backend, expiresAfter, clock);
    this.#deps = {
      backend: this.#backend,
      renewer,
      expiresAfter,
      read: (key) => client.read(key),
      onEnd: (lease) => {
        this.#held.delete(lease);
        this.#waiter.notifyFree(lease.key);
      },
    };
  }

  async acquire(key: TaskKey): Promise<Lease | undefined> {
    const token = newOwnerId();
    if (!(await this.#backend.acquire(key, token, this.#deps.expiresAfter))) return undefined;
    const lease = new ActiveLease(key, token, this.#deps);
    this.#held.add(lease);
    return lease;
  }

  whenFree(key: TaskKey, signal: AbortSignal): Promise<void> {
    return this.#waiter.whenFree(key, signal);
  }

  /** Removes all leases, even those of other processes. */
  async clear(): Promise<void> {
    await this.#backend.clear?.();
  }

  async close(): Promise<void> {
    this.#waiter.end(new StorageError(`${this.#location} was closed while waiting for a lease`, { operation: 'read' }));
    await Promise.all([...this.#held].map((lease) => lease.release()));
  }
}

/** Renews leases in a thread, so that a task may block the event loop, if a thread can open the store. */
function renewerFor(backend: LeaseBackend, clock: Clock): LeaseRenewer | undefined {
  if (backend.renew === undefined) return undefined;
  return backend.uri ? new ThreadRenewer(backend.uri(), backend) : new LoopRenewer(backend, clock);
}
