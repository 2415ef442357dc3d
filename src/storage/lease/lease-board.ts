import type { Awaitable } from '../../awaitable';
import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';

/**
 * Where a store writes down who computes which key. It is asked by every process that uses the store; what each
 * method does, it does in one indivisible step.
 *
 * A token is a word that is used for one lease only, so what is done by a token is never done to the lease of
 * somebody else. Keys are those of the entries that are computed: `Task/name`.
 */
export interface LeaseBoard {
  /** A URI by which another thread of this process opens the same store; without it, leases are renewed on the event loop. */
  uri?(): string;
  /**
   * Writes down that the lease of a key has this token, unless there is one.
   *
   * @param expiresAfter how long it lasts when it is not renewed, in milliseconds
   */
  take(key: TaskKey, token: string, expiresAfter: number): Awaitable<boolean>;
  /** Says that the owner is alive; false when the token has the lease no more. Without it, leases do not run out. */
  renew?(key: TaskKey, token: string, expiresAfter: number): Awaitable<boolean>;
  /** If the token has the lease: writes the entry of the key, and gives the lease back. Otherwise false, and nothing is done. */
  write(key: TaskKey, token: string, bytes: Bytes, durable: boolean): Awaitable<boolean>;
  /** Gives back the lease, if the token has it. */
  release(key: TaskKey, token: string): Awaitable<unknown>;
  /** For each key whose lease somebody has, a text that changes whenever the owner shows that it is alive. */
  look(keys: readonly TaskKey[]): Awaitable<readonly (string | undefined)[]>;
  /**
   * Takes the lease of a key from the owner that `look` told of, who was silent for too long. Needed only where a
   * lease does not run out by itself.
   */
  evict?(key: TaskKey, seen: string): Awaitable<unknown>;
  /** Takes away all leases. Needed only where they are no entries of the store. */
  clear?(): Awaitable<unknown>;
}

/** The key under which a store that keeps leases among its entries has the lease of a key. */
export function leaseKeyOf(key: TaskKey): string {
  return `@leases/${key}`;
}
