import type { Awaitable } from '../../awaitable';
import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';

/** What is to be kept under the key of a lease. */
export interface LeasedEntry {
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
  write(entry: LeasedEntry): Promise<boolean>;
  /** Gives it back; never throws, since a lease that cannot be given back runs out. */
  release(): Promise<void>;
}

/** The leases of one store. */
export interface Leases {
  /** Takes the lease of a key; undefined when somebody else has it. @throws {StorageError} */
  take(key: TaskKey): Awaitable<Lease | undefined>;
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
