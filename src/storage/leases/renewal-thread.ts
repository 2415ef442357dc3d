import type { Worker } from 'node:worker_threads';
import type { Awaitable } from '../../base/awaitable';
import { describeError } from '../../base/describe-error';
import { ownFile } from '../../base/own-folder';
import { emitWarning } from '../../base/warnings';
import type { TaskKey } from '../../task/context';
import type { LeaseBackend } from './lease';
import { type LeaseRenewer, LoopRenewer, type RenewedLease, renewalsPerTerm, systemClock } from './renewal';

/** The messages to the thread. */
export type ToRenewalThread =
  | {
      readonly type: 'keep';
      readonly id: number;
      /** A URI of the store. */
      readonly uri: string;
      readonly key: TaskKey;
      readonly token: string;
      readonly expiresAfter: number;
    }
  | {
      readonly type: 'hand-back';
      readonly id: number;
      /** The token is requested: a lease that cannot have been renewed yet still has its first token. */
      readonly isAsked: boolean;
    };

/** The messages from the thread. */
export type FromRenewalThread =
  | { readonly type: 'lost'; readonly id: number }
  | { readonly type: 'handed-back'; readonly id: number; readonly token: string | undefined };

const entryFile = ownFile('storage/leases/renewal-thread-entry');
/** A thread without leases ends after so many milliseconds. */
const idleTime = 10_000;

/** A lease that the thread renews. */
interface Entrusted {
  readonly lease: RenewedLease;
  readonly board: LeaseBackend;
  readonly since: number;
  /** Its renewal on the event loop, after the thread ended. */
  elsewhere?: { readonly keeper: LeaseRenewer; readonly id: number };
  /** Resolves a pending release with the token. */
  answer?: (token: string | undefined) => void;
}

/** The thread of this process that renews leases, while there are any. */
class RenewalThread {
  /** Node arguments of the thread, if those of this process do not suit it. */
  execArgv: readonly string[] | undefined;
  readonly #entrusted = new Map<number, Entrusted>();
  #thread: Worker | undefined;
  #count = 0;
  #asked = 0;
  #idle: NodeJS.Timeout | undefined;
  /** A thread that failed is not started again. */
  #hasFailed = false;

  start(lease: RenewedLease, uri: string, board: LeaseBackend): number {
    clearTimeout(this.#idle);
    const id = this.#count++;
    const entrusted: Entrusted = { lease, board, since: systemClock.now() };
    this.#entrusted.set(id, entrusted);
    const { key, token, expiresAfter } = lease;
    if (this.#canStart()) this.#tell({ type: 'keep', id, uri, key, token, expiresAfter });
    else this.#keepHere(entrusted);
    return id;
  }

  release(id: number): Awaitable<string | undefined> {
    const entrusted = this.#entrusted.get(id);
    if (!entrusted) return undefined;
    const { lease, since, elsewhere } = entrusted;
    if (elsewhere) {
      this.#drop(id);
      return elsewhere.keeper.release(elsewhere.id);
    }
    // Less than half the time to the first renewal: the thread handles the message before that.
    if (systemClock.now() - since < lease.expiresAfter / renewalsPerTerm / 2) {
      this.#tell({ type: 'hand-back', id, isAsked: false });
      this.#drop(id);
      return lease.token;
    }
    return new Promise((resolve) => {
      entrusted.answer = resolve;
      // Keeps the process alive until the answer.
      if (this.#asked++ === 0) this.#thread?.ref();
      this.#tell({ type: 'hand-back', id, isAsked: true });
    });
  }

  #tell(message: ToRenewalThread): void {
    (this.#thread ??= this.#startThread()).postMessage(message);
  }

  #startThread(): Worker {
    const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
    const thread = new Worker(entryFile!, {
      name: 'tidemark leases',
      ...(this.execArgv && { execArgv: [...this.execArgv] }),
    });
    let failure: unknown;
    thread
      .on('message', (message: FromRenewalThread) => this.#hear(message))
      .on('error', (error) => (failure = error))
      .on('exit', () => this.#ended(thread, failure));
    thread.unref();
    return thread;
  }

  #hear(message: FromRenewalThread): void {
    const entrusted = this.#entrusted.get(message.id);
    if (!entrusted) return;
    if (message.type === 'lost') {
      entrusted.lease.onLost();
      return;
    }
    this.#drop(message.id);
    this.#answer(entrusted, message.token);
  }

  #answer({ answer }: Entrusted, token: string | undefined): void {
    if (!answer) return;
    if (--this.#asked === 0) this.#thread?.unref();
    answer(token);
  }

  #drop(id: number): void {
    this.#entrusted.delete(id);
    if (this.#entrusted.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), idleTime).unref();
  }

  #end(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
  }

  /** Its leases are renewed on the event loop from now on. */
  #ended(thread: Worker, failure: unknown): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    this.#hasFailed = true;
    emitWarning(
      `the thread that renews leases ended (${failure === undefined ? 'for an unknown reason' : describeError(failure)}): they are renewed on the event loop, so a task that blocks it for long loses its lease`,
    );
    for (const [id, entrusted] of this.#entrusted) {
      if (!entrusted.answer) {
        this.#keepHere(entrusted);
        continue;
      }
      this.#drop(id);
      this.#answer(entrusted, entrusted.lease.token);
    }
  }

  #canStart(): boolean {
    if (this.#hasFailed) return false;
    if (entryFile !== undefined) return true;
    this.#hasFailed = true;
    emitWarning(
      'leases are renewed on the event loop, since this program is a bundle, which a thread for them cannot start with: a task that blocks the event loop for long loses its lease. Keep tidemark out of the bundle, or run such tasks in threads',
    );
    return false;
  }

  #keepHere(entrusted: Entrusted): void {
    const keeper = new LoopRenewer(entrusted.board, systemClock);
    entrusted.elsewhere = { keeper, id: keeper.start(entrusted.lease) };
  }
}

export const renewalThread = new RenewalThread();

/** Renews the leases of a store in a thread, so that a task may block the event loop. */
export class ThreadRenewer implements LeaseRenewer {
  readonly #uri: string;
  readonly #board: LeaseBackend;

  /** @param board the store as opened in this thread, used if no thread can start */
  constructor(uri: string, board: LeaseBackend) {
    this.#uri = uri;
    this.#board = board;
  }

  start(lease: RenewedLease): number {
    return renewalThread.start(lease, this.#uri, this.#board);
  }

  release(id: number): Awaitable<string | undefined> {
    return renewalThread.release(id);
  }
}
