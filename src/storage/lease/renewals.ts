import { type Awaitable, andThen } from '../../awaitable';
import { newNonce } from '../directories/owner';
import { type Clock, systemClock } from './clock';
import type { Keeper, KeptLease } from './keeper';
import { renewalsPerTerm } from './keeper';
import type { LeaseBoard } from './lease-board';

/** Leases that are due within this part of a term are renewed together. */
const together = 1 / 12;
/** After a failure it is tried again in this part of a term. */
const patience = 1 / 12;

interface Renewed {
  readonly lease: KeptLease;
  /** Opened when it is needed. */
  readonly board: () => LeaseBoard;
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
export class Renewals {
  readonly #clock: Clock;
  readonly #kept = new Map<number, Renewed>();
  readonly #beforehand: () => void;
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** @param beforehand called before leases are renewed: some may have been handed back meanwhile */
  constructor(clock: Clock = systemClock, beforehand: () => void = () => undefined) {
    this.#clock = clock;
    this.#beforehand = beforehand;
  }

  keep(id: number, lease: KeptLease, board: () => LeaseBoard): void {
    const due = this.#clock.now() + lease.expiresAfter / renewalsPerTerm;
    this.#kept.set(id, { lease, board, token: lease.token, due, underWay: undefined });
    this.#wakeAt(due);
  }

  handBack(id: number): Awaitable<string | undefined> {
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

  #begin(renewed: Renewed, now: number): void {
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

  async #renew(renewed: Renewed): Promise<void> {
    const { lease, token } = renewed;
    const { key, expiresAfter } = lease;
    if (token === undefined) return;
    const board = renewed.board();
    if (await board.renew!(key, token, expiresAfter)) return;
    const next = newNonce();
    const isTaken = await board.take(key, next, expiresAfter);
    renewed.token = isTaken ? next : undefined;
    if (!isTaken) lease.onLost();
  }
}

/** Renews the leases of a store on the event loop. */
export class LoopKeeper implements Keeper {
  readonly #renewals: Renewals;
  readonly #board: LeaseBoard;
  #count = 0;

  constructor(board: LeaseBoard, clock: Clock) {
    this.#board = board;
    this.#renewals = new Renewals(clock);
  }

  keep(lease: KeptLease): number {
    const id = this.#count++;
    this.#renewals.keep(id, lease, () => this.#board);
    return id;
  }

  handBack(id: number): Awaitable<string | undefined> {
    return this.#renewals.handBack(id);
  }
}
