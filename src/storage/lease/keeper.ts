import type { Awaitable } from '../../awaitable';
import type { TaskKey } from '../../task/context';

/** A lease that is to be renewed. */
export interface KeptLease {
  readonly key: TaskKey;
  /** What it has at first. */
  readonly token: string;
  /** How long it lasts when it is not renewed, in milliseconds. */
  readonly expiresAfter: number;
  /** Called when somebody else has it. */
  readonly onLost: () => void;
}

/** Renews the leases of one store until they are handed back. */
export interface Keeper {
  /** Renews a lease from now on. Gives its number. */
  keep(lease: KeptLease): number;
  /**
   * Leaves a lease to who asks: what is under way is awaited, and nobody renews it any more. Gives its token, another
   * one when it had to be taken again; undefined when somebody else has it.
   */
  handBack(id: number): Awaitable<string | undefined>;
}

/** How often a lease is renewed while it lasts. */
export const renewalsPerTerm = 3;
