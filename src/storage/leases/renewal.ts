import { type Awaitable, andThen } from '../../base/awaitable';
import { newOwnerId } from '../../base/process-id';
import type { TaskKey } from '../../task/context';
import type { LeaseBackend } from './lease';

/** A monotonic clock, with no meaning to other processes. */
export interface Clock {
  /** In milliseconds. */
  now(): number;
  /**
   * Calls back after a delay. Returns a function that cancels the call.
   *
   * @param keepsAlive the process must not end before the call
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

/** A lease to renew. */
export interface RenewedLease {
  readonly key: TaskKey;
  /** Its first token. */
  readonly token: string;
  /** The time without renewal after which it expires, in milliseconds. */
  readonly expiresAfter: number;
  /** Called when another process has it. */
  readonly onLost: () => void;
}

/** Renews the leases of one store until they are released. */
export interface LeaseRenewer {
  /** Starts to renew a lease. Returns its number. */
  start(lease: RenewedLease): number;
  /**
   * Stops to renew a lease, after a renewal in progress. Returns its token, which differs from the first one if the
   * lease was acquired again; undefined if another process has it.
   */
  release(id: number): Awaitable<string | undefined>;
}

/** The number of renewals during one term of a lease. */
export const renewalsPerTerm = 3;

/** Leases that are due within this fraction of a term are renewed together. */
const together = 1 / 12;
/** A failed renewal is repeated after this fraction of a term. */
const patience = 1 / 12;

interface RenewalState {
  readonly lease: RenewedLease;
  /** Opened at the first use. */
  readonly backend: () => LeaseBackend;
  token: string | undefined;
  due: number;
  inFlight: Promise<void> | undefined;
}

/**
 * Renews leases: in a thread, or on the event loop if the store cannot be opened twice.
 *
 * A lease that is free, because the store lost it or it expired, is acquired again with another token: the owner then
 * knows that another process may have had it in between.
 */
export class RenewalLoop {
  readonly #clock: Clock;
  readonly #leases = new Map<number, RenewalState>();
  readonly #beforehand: () => void;
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** @param beforehand called before leases are renewed: some may have been released meanwhile */
  constructor(clock: Clock = systemClock, beforehand: () => void = () => undefined) {
    this.#clock = clock;
    this.#beforehand = beforehand;
  }

  start(id: number, lease: RenewedLease, backend: () => LeaseBackend): void {
    const due = this.#clock.now() + lease.expiresAfter / renewalsPerTerm;
    this.#leases.set(id, { lease, backend, token: lease.token, due, inFlight: undefined });
    this.#wakeAt(due);
  }

  release(id: number): Awaitable<string | undefined> {
    const renewed = this.#leases.get(id);
    if (!renewed) return undefined;
    this.#leases.delete(id);
    return andThen<void, string | undefined>(renewed.inFlight as Awaitable<void>, () => renewed.token);
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
    for (const renewed of this.#leases.values()) {
      const { lease, inFlight } = renewed;
      if (inFlight) continue;
      if (renewed.due > now + lease.expiresAfter * together) next = Math.min(next, renewed.due);
      else this.#startRenewal(renewed, now);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }

  #startRenewal(renewed: RenewalState, now: number): void {
    const { expiresAfter } = renewed.lease;
    renewed.inFlight = this.#renew(renewed).then(
      () => void (renewed.due = now + expiresAfter / renewalsPerTerm),
      // The store is away. The next renewal, or the write of the owner, finds out if the lease is still held.
      () => void (renewed.due = this.#clock.now() + expiresAfter * patience),
    );
    void renewed.inFlight.then(() => {
      renewed.inFlight = undefined;
      this.#wakeAt(renewed.due);
    });
  }

  async #renew(renewed: RenewalState): Promise<void> {
    const { lease, token } = renewed;
    const { key, expiresAfter } = lease;
    if (token === undefined) return;
    const backend = renewed.backend();
    if (await backend.renew!(key, token, expiresAfter)) return;
    const next = newOwnerId();
    const isTaken = await backend.acquire(key, next, expiresAfter);
    renewed.token = isTaken ? next : undefined;
    if (!isTaken) lease.onLost();
  }
}

/** Renews the leases of a store on the event loop. */
export class LoopRenewer implements LeaseRenewer {
  readonly #renewals: RenewalLoop;
  readonly #backend: LeaseBackend;
  #count = 0;

  constructor(backend: LeaseBackend, clock: Clock) {
    this.#backend = backend;
    this.#renewals = new RenewalLoop(clock);
  }

  start(lease: RenewedLease): number {
    const id = this.#count++;
    this.#renewals.start(id, lease, () => this.#backend);
    return id;
  }

  release(id: number): Awaitable<string | undefined> {
    return this.#renewals.release(id);
  }
}
