import type { TaskKey } from '../../task/context';
import { newNonce } from '../directories/owner';
import type { Entries } from '../entries';
import { StorageError } from '../storage-error';
import type { LeaseOptions } from '../storage-options';
import { type Clock, systemClock } from './clock';
import { guardedBoard } from './guarded-board';
import { HeldLease, type LeaseHome } from './held-lease';
import type { Keeper } from './keeper';
import { ThreadKeeper } from './keeper-thread';
import type { Lease, Leases } from './lease';
import type { LeaseBoard } from './lease-board';
import { LeaseWaits } from './lease-waits';
import { LoopKeeper } from './renewals';

/** In milliseconds: long enough for a process that swaps or a Redis that starts again, short enough to wait for. */
const defaultTerm = 15_000;

/** In place of the time and the thread of this process. */
export interface LeaseSurroundings {
  readonly clock?: Clock;
  readonly keeper?: Keeper;
}

/** The leases of a store, as this process takes them and waits for them. */
export class StoreLeases implements Leases {
  readonly #board: LeaseBoard;
  readonly #location: string;
  readonly #held = new Set<HeldLease>();
  readonly #home: LeaseHome;
  readonly #waits: LeaseWaits;

  constructor(
    board: LeaseBoard,
    entries: Pick<Entries, 'read' | 'location'>,
    { expiresAfter = defaultTerm }: LeaseOptions = {},
    { clock = systemClock, keeper = keeperOf(board, clock) }: LeaseSurroundings = {},
  ) {
    this.#board = guardedBoard(board, entries.location);
    this.#location = entries.location;
    this.#waits = new LeaseWaits(this.#board, expiresAfter, clock);
    this.#home = {
      board: this.#board,
      keeper,
      expiresAfter,
      read: (key) => entries.read(key),
      onOver: (lease) => {
        this.#held.delete(lease);
        this.#waits.freed(lease.key);
      },
    };
  }

  async take(key: TaskKey): Promise<Lease | undefined> {
    const token = newNonce();
    if (!(await this.#board.take(key, token, this.#home.expiresAfter))) return undefined;
    const lease = new HeldLease(key, token, this.#home);
    this.#held.add(lease);
    return lease;
  }

  whenFree(key: TaskKey, signal: AbortSignal): Promise<void> {
    return this.#waits.whenFree(key, signal);
  }

  /** Takes away all leases, whoever has them. */
  async clear(): Promise<void> {
    await this.#board.clear?.();
  }

  async close(): Promise<void> {
    this.#waits.end(
      new StorageError(`${this.#location} was closed while a lease was waited for`, { operation: 'read' }),
    );
    await Promise.all([...this.#held].map((lease) => lease.release()));
  }
}

/** Who renews the leases of a store: a thread, so that a task may block the event loop, if that can open it as well. */
function keeperOf(board: LeaseBoard, clock: Clock): Keeper | undefined {
  if (board.renew === undefined) return undefined;
  return board.uri ? new ThreadKeeper(board.uri(), board) : new LoopKeeper(board, clock);
}
