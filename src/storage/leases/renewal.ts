import { type Awaitable, andThen } from '../../base/awaitable';
import { newOwnerId } from '../../base/process-id';
import type { TaskKey } from '../../task/context';
import type { LeaseBackend } from './lease';

/** The time as leases see it: it never goes back, and means nothing to other processes. */
export interface Clock {
  /** In milliseconds. */
  now(): number;
  /**
   * Calls back after some milliseconds. Gives what calls it off.
   *
   * @param keepsAlive whether the process must not end before
   */
  after(milliseconds: number, call: () => void, keepsAlive: boolean): () => void;
}

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, call, keepsAlive) {
    const timer = setTimeout(call, milliseconds);
    if (!keepsAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A lease that is to be renewed. */
export interface RenewedLease {
  readonly key: TaskKey;
  /** What it has at first. */
  readonly token: string;
  /** How long it lasts when it is not renewed, in milliseconds. */
  readonly expiresAfter: number;
  /** Called when somebody else has it. */
  readonly onLost: () => void;
}

/** Renews the leases of one store until they are handed back. */
export interface LeaseRenewer {
  /** Renews a lease from now on. Gives its number. */
  start(lease: RenewedLease): number;
  /**
   * Leaves a lease to who asks: what is under way is awaited, and nobody renews it any more. Gives its token, another
   * one when it had to be taken again; undefined when somebody else has it.
   */
  release(id: number): Awaitable<string | undefined>;
}

/** How often a lease is renewed while it lasts. */
export const renewalsPerTerm = 3;

/** Leases that are due within this part of a term are renewed together. */
const together = 1 / 12;
/** After a failure it is tried again in this part of a term. */
const patience = 1 / 12;

interface RenewalState {
  readonly lease: RenewedLease;
  /** Opened when it is needed. */
  readonly board: () => LeaseBackend;
  token: string | undefined;
  due: number;
  underWay: Promise<void> | undefined;
}

/**
 * Renews leases: in a thread of its own, or on the event loop where the store cannot be opened twice.
 *
 * A lease that is nobody's any more, since the store lost it or it ran out, is taken again by another token: so its
 * owner learns that somebody else may have had it in between.
 */
export class RenewalLoop {
  readonly #clock: Clock;
  readonly #kept = new Map<number, RenewalState>();
  readonly #beforehand: () => void;
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** @param beforehand called before leases are renewed: some may have been handed back meanwhile */
  constructor(clock: Clock = systemClock, beforehand: () => void = () => undefined) {
    this.#clock = clock;
    this.#beforehand = beforehand;
  }

  start(id: number, lease: RenewedLease, board: () => LeaseBackend): void {
    const due = this.#clock.now() + lease.expiresAfter / renewalsPerTerm;
    this.#kept.set(id, { lease, board, token: lease.token, due, underWay: undefined });
    this.#wakeAt(due);
  }

  release(id: number): Awaitable<string | undefined> {
    const renewed = this.#kept.get(id);
    if (!renewed) return undefined;
    this.#kept.delete(id);
    return andThen<void, string | undefined>(renewed.underWay as Awaitable<void>, () => renewed.token);
  }

  #wakeAt(time: number): void {
    if (time >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = time;
    this.#cancel = this.#clock.after(Math.max(0, time - this.#clock.now()), () => this.#wake(), false);
  }

  #wake(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    this.#beforehand();
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const renewed of this.#kept.values()) {
      const { lease, underWay } = renewed;
      if (underWay) continue;
      if (renewed.due > now + lease.expiresAfter * together) next = Math.min(next, renewed.due);
      else this.#begin(renewed, now);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }

  #begin(renewed: RenewalState, now: number): void {
    const { expiresAfter } = renewed.lease;
    renewed.underWay = this.#renew(renewed).then(
      () => void (renewed.due = now + expiresAfter / renewalsPerTerm),
      // A store that is away for a moment. Whether the lease is still held is found out at the next time, or when its
      // owner writes.
      () => void (renewed.due = this.#clock.now() + expiresAfter * patience),
    );
    void renewed.underWay.then(() => {
      renewed.underWay = undefined;
      this.#wakeAt(renewed.due);
    });
  }

  async #renew(renewed: RenewalState): Promise<void> {
    const { lease, token } = renewed;
    const { key, expiresAfter } = lease;
    if (token === undefined) return;
    const board = renewed.board();
    if (await board.renew!(key, token, expiresAfter)) return;
    const next = newOwnerId();
    const isTaken = await board.acquire(key, next, expiresAfter);
    renewed.token = isTaken ? next : undefined;
    if (!isTaken) lease.onLost();
  }
}

/** Renews the leases of a store on the event loop. */
export class LoopRenewer implements LeaseRenewer {
  readonly #renewals: RenewalLoop;
  readonly #board: LeaseBackend;
  #count = 0;

  constructor(board: LeaseBackend, clock: Clock) {
    this.#board = board;
    this.#renewals = new RenewalLoop(clock);
  }

  start(lease: RenewedLease): number {
    const id = this.#count++;
    this.#renewals.start(id, lease, () => this.#board);
    return id;
  }

  release(id: number): Awaitable<string | undefined> {
    return this.#renewals.release(id);
  }
}
