import type { Awaitable } from '../../awaitable';
import type { Bytes } from '../../encoding/encoder';
import type { TaskKey } from '../../task/context';
import { newNonce } from '../directories/owner';
import type { Keeper } from './keeper';
import type { Lease, LeasedEntry } from './lease';
import type { LeaseBoard } from './lease-board';
import { LeaseLostError } from './lease-lost-error';

/** What a lease needs of those that it belongs to. */
export interface LeaseHome {
  readonly board: LeaseBoard;
  /** Undefined where leases do not run out. */
  readonly keeper: Keeper | undefined;
  readonly expiresAfter: number;
  /** What is under the key, past all caches. */
  read(key: TaskKey): Awaitable<Bytes | undefined>;
  /** Told once, when the lease is over. */
  onOver(lease: HeldLease): void;
}

/** It ran out just now, and again: somebody plays with the store. */
const attempts = 3;

/** A lease that this process has taken. */
export class HeldLease implements Lease {
  readonly key: TaskKey;
  readonly #home: LeaseHome;
  readonly #token: string;
  readonly #keptAs: number | undefined;
  readonly #abort = new AbortController();
  #handedBack: Awaitable<string | undefined>;
  #isHandedBack = false;
  #isOver = false;
  #writing: Promise<unknown> | undefined;

  constructor(key: TaskKey, token: string, home: LeaseHome) {
    this.key = key;
    this.#token = token;
    this.#home = home;
    const { keeper, expiresAfter } = home;
    this.#keptAs = keeper?.keep({ key, token, expiresAfter, onLost: () => this.#lose() });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  async write(entry: LeasedEntry): Promise<boolean> {
    if (this.#isOver) return false;
    const writing = this.#write(entry);
    this.#writing = writing.catch(() => undefined);
    const isWritten = await writing;
    if (!isWritten) this.#lose();
    this.#end();
    return isWritten;
  }

  async release(): Promise<void> {
    await this.#writing;
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      const token = await this.#handBack();
      if (token !== undefined) await this.#home.board.release(this.key, token);
    } catch {
      // The store is away: the lease runs out.
    }
    this.#home.onOver(this);
  }

  async #write({ bytes, durable, isStale }: LeasedEntry): Promise<boolean> {
    const { board, expiresAfter } = this.#home;
    let token = await this.#handBack();
    // Somebody else may have had it, and written, before it was taken again.
    let isUnseen = token !== this.#token;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (token === undefined) {
        token = newNonce();
        isUnseen = true;
        if (!(await board.take(this.key, token, expiresAfter))) return false;
        this.#handedBack = token;
      }
      if (isUnseen && !(await this.#mayReplace(isStale))) {
        await board.release(this.key, token);
        return false;
      }
      if (await board.write(this.key, token, bytes, durable)) return true;
      token = undefined;
    }
    return false;
  }

  async #mayReplace(isStale: (bytes: Bytes) => boolean): Promise<boolean> {
    const bytes = await this.#home.read(this.key);
    return bytes === undefined || isStale(bytes);
  }

  /** From then on nobody but this lease uses its token. */
  #handBack(): Awaitable<string | undefined> {
    if (this.#isHandedBack) return this.#handedBack;
    this.#isHandedBack = true;
    return (this.#handedBack = this.#keptAs === undefined ? this.#token : this.#home.keeper!.handBack(this.#keptAs));
  }

  #lose(): void {
    if (!this.#isOver) this.#abort.abort(new LeaseLostError(this.key));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#home.onOver(this);
  }
}
