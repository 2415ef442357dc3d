import type { Awaitable } from '../../base/awaitable';
import { TidemarkError } from '../../base/error';
import { shareClass } from '../../base/shared-state';
import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';

/** What is to be kept under the key of a lease. */
export interface LeasedWrite {
  readonly bytes: Bytes;
  /** Whether it is flushed to the disk before it counts as saved. */
  readonly durable: boolean;
  /** Whether what is under the key now is what was there when the lease was taken, and counts no more. */
  isStale(bytes: Bytes): boolean;
}

/** The right to compute one key, which one process has at a time. */
export interface Lease {
  readonly key: TaskKey;
  /** Aborts, by a {@link LeaseLostError}, when it turns out that somebody else has the lease now. */
  readonly signal: AbortSignal;
  /**
   * Writes the entry of the key and gives the lease back, in one step with finding out that it is still held.
   *
   * One that ran out is taken again, when nobody has it and nothing new is under the key. False when that cannot be:
   * then nothing was written.
   *
   * @throws {StorageError}
   */
  write(entry: LeasedWrite): Promise<boolean>;
  /** Gives it back; never throws, since a lease that cannot be given back runs out. */
  release(): Promise<void>;
}

/** The leases of one store. */
export interface Leases {
  /** Takes the lease of a key; undefined when somebody else has it. @throws {StorageError} */
  acquire(key: TaskKey): Awaitable<Lease | undefined>;
  /**
   * Resolves once the lease of a key was given back or has run out, or may have been: whoever waits takes it then, or
   * waits again. However many wait, they share a timer and few requests.
   *
   * @throws the reason of `signal` when that aborts, a {@link StorageError} when the store cannot be asked
   */
  whenFree(key: TaskKey, signal: AbortSignal): Promise<void>;
  /** Gives back what is held, and ends all waiting. */
  close(): Promise<void>;
}

/**
 * Where a store writes down who computes which key. It is asked by every process that uses the store; what each
 * method does, it does in one indivisible step.
 *
 * A token is a word that is used for one lease only, so what is done by a token is never done to the lease of
 * somebody else. Keys are those of the entries that are computed: `Task/name`.
 */
export interface LeaseBackend {
  /** A URI by which another thread of this process opens the same store; without it, leases are renewed on the event loop. */
  uri?(): string;
  /**
   * Writes down that the lease of a key has this token, unless there is one.
   *
   * @param expiresAfter how long it lasts when it is not renewed, in milliseconds
   */
  acquire(key: TaskKey, token: string, expiresAfter: number): Awaitable<boolean>;
  /** Says that the owner is alive; false when the token has the lease no more. Without it, leases do not run out. */
  renew?(key: TaskKey, token: string, expiresAfter: number): Awaitable<boolean>;
  /** If the token has the lease: writes the entry of the key, and gives the lease back. Otherwise false, and nothing is done. */
  write(key: TaskKey, token: string, bytes: Bytes, durable: boolean): Awaitable<boolean>;
  /** Gives back the lease, if the token has it. */
  release(key: TaskKey, token: string): Awaitable<unknown>;
  /** For each key whose lease somebody has, a text that changes whenever the owner shows that it is alive. */
  peek(keys: readonly TaskKey[]): Awaitable<readonly (string | undefined)[]>;
  /**
   * Takes the lease of a key from the owner that `look` told of, who was silent for too long. Needed only where a
   * lease does not run out by itself.
   */
  breakLease?(key: TaskKey, seen: string): Awaitable<unknown>;
  /** Takes away all leases. Needed only where they are no entries of the store. */
  clear?(): Awaitable<unknown>;
}

/** The key under which a store that keeps leases among its entries has the lease of a key. */
export function leaseKeyOf(key: TaskKey): string {
  return `@leases/${key}`;
}

/** Somebody else has the lease of a key now, since its owner was silent for too long. Nothing was overwritten. */
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
