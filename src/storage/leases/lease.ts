import type { Awaitable } from '../../base/awaitable';
import { TidemarkError } from '../../base/error';
import { shareClass } from '../../base/shared-state';
import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';

/** The entry to write under the key of a lease. */
export interface LeasedWrite {
  readonly bytes: Bytes;
  /** Flush to the disk before it counts as saved. */
  readonly durable: boolean;
  /** The bytes under the key are those that were stale when the lease was acquired. */
  isStale(bytes: Bytes): boolean;
}

/** The right to compute one key, which one process has at a time. */
export interface Lease {
  readonly key: TaskKey;
  /** Aborts with a {@link LeaseLostError} when another process has the lease. */
  readonly signal: AbortSignal;
  /**
   * Writes the entry of the key and releases the lease, if it is still held, in one atomic step.
   *
   * An expired lease is acquired again, if no other process has it and nothing new is under the key. Resolves to false
   * if that fails: nothing was written then.
   *
   * @throws {StorageError}
   */
  write(entry: LeasedWrite): Promise<boolean>;
  /** Releases the lease. Never throws: a lease that cannot be released expires. */
  release(): Promise<void>;
}

/** The leases of one store. */
export interface Leases {
  /** Acquires the lease of a key; undefined when another process has it. @throws {StorageError} */
  acquire(key: TaskKey): Awaitable<Lease | undefined>;
  /**
   * Resolves when the lease of a key was released or has expired, or may have: the caller then acquires it or waits
   * again. All waiters share one timer and few requests.
   *
   * @throws the reason of `signal` when it aborts; a {@link StorageError} when the store fails
   */
  whenFree(key: TaskKey, signal: AbortSignal): Promise<void>;
  /** Releases the held leases, and rejects all waiters. */
  close(): Promise<void>;
}

/**
 * The leases of a store, shared by all processes that use it. Each method is one atomic step.
 *
 * A token is used for one lease only, so that an operation by token never affects the lease of another owner. Keys are
 * those of the computed entries: `Task/name`.
 */
export interface LeaseBackend {
  /** A URI by which another thread can open the same store; without it, leases are renewed on the event loop. */
  uri?(): string;
  /**
   * Gives the lease of a key to a token, unless another token has it. Returns false then.
   *
   * @param expiresAfter the time without renewal after which the lease expires, in milliseconds
   */
  acquire(key: TaskKey, token: string, expiresAfter: number): Awaitable<boolean>;
  /** Extends a lease; false when the token no longer has it. Without this method, leases do not expire. */
  renew?(key: TaskKey, token: string, expiresAfter: number): Awaitable<boolean>;
  /** Writes the entry of the key and releases the lease. Returns false, and does nothing, when the token does not have it. */
  write(key: TaskKey, token: string, bytes: Bytes, durable: boolean): Awaitable<boolean>;
  /** Releases a lease, if the token has it. */
  release(key: TaskKey, token: string): Awaitable<unknown>;
  /** For each key, a text that changes with every sign of life of the owner of its lease; undefined when it is free. */
  peek(keys: readonly TaskKey[]): Awaitable<readonly (string | undefined)[]>;
  /**
   * Removes the lease of the owner that `peek` returned, after it was silent for too long. Only needed for leases that
   * do not expire by themselves.
   */
  breakLease?(key: TaskKey, seen: string): Awaitable<unknown>;
  /** Removes all leases. Only needed if they are not entries of the store. */
  clear?(): Awaitable<unknown>;
}

/** The key of a lease, in stores that keep leases among their entries. */
export function leaseKeyOf(key: TaskKey): string {
  return `@leases/${key}`;
}

/** Another process has the lease of a key, since its owner was silent for too long. Nothing was overwritten. */
export class LeaseLostError extends TidemarkError {
  static {
    shareClass(LeaseLostError, 'LeaseLostError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey) {
    super(
      `the lease of ${key} was lost: this process was stopped, or could not reach the storage, for longer than the lease lasts, and another process computes it now; its result is used. If that happens often, raise the storage option lease.expiresAfter`,
    );
    this.key = key;
  }
}
