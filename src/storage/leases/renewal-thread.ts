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
      readonly type: 'start';
      readonly id: number;
      /** A URI of the store. */
      readonly uri: string;
      readonly key: TaskKey;
      readonly token: string;
      readonly expiresAfter: number;
    }
  | {
      readonly type: 'release';
      readonly id: number;
      /** The token is requested: a lease that cannot have been renewed yet still has its first token. */
      readonly isAsked: boolean;
    };

/** The messages from the thread. */
export type FromRenewalThread =
  | { readonly type: 'lost'; readonly id: number }
  | { readonly type: 'released'; readonly id: number; readonly token: string | undefined };

const entryFile = ownFile('storage/leases/renewal-thread-entry');
/** A thread without leases ends after so many milliseconds. */
const idleTime = 10_000;

/** A lease that the thread renews. */
interface HeldLease {
  readonly lease: RenewedLease;
  readonly backend: LeaseBackend;
  readonly since: number;
  /** Its renewal on the event loop, after the thread ended. */
  onLoop?: { readonly renewer: LeaseRenewer; readonly id: number };
  /** Resolves a pending release with the token. */
  resolve?: (token: string | undefined) => void;
}

/** The thread of this process that renews leases, while there are any. */
class RenewalThread {
  /** Node arguments of the thread, if those of this process do not suit it. */
  execArgv: readonly string[] | undefined;
  readonly #leases = new Map<number, HeldLease>();
  #thread: Worker | undefined;
  #count = 0;
  #pendingReleases = 0;
  #idle: NodeJS.Timeout | undefined;
  /** A thread that failed is not started again. */
  #hasFailed = false;

  start(lease: RenewedLease, uri: string, backend: LeaseBackend): number {
    clearTimeout(this.#idle);
    const id = this.#count++;
    const held: HeldLease = { lease, backend, since: systemClock.now() };
    this.#leases.set(id, held);
    const { key, token, expiresAfter } = lease;
    if (this.#canStart()) this.#send({ type: 'start', id, uri, key, token, expiresAfter });
    else this.#renewHere(held);
    return id;
  }

  release(id: number): Awaitable<string | undefined> {
    const held = this.#leases.get(id);
    if (!held) return undefined;
    const { lease, since, onLoop } = held;
    if (onLoop) {
      this.#forget(id);
      return onLoop.renewer.release(onLoop.id);
    }
    // Less than half the time to the first renewal: the thread handles the message before that.
    if (systemClock.now() - since < lease.expiresAfter / renewalsPerTerm / 2) {
      this.#send({ type: 'release', id, isAsked: false });
      this.#forget(id);
      return lease.token;
    }
    return new Promise((resolve) => {
      held.resolve = resolve;
      // Keeps the process alive until the answer.
      if (this.#pendingReleases++ === 0) this.#thread?.ref();
      this.#send({ type: 'release', id, isAsked: true });
    });
  }

  #send(message: ToRenewalThread): void {
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
      .on('message', (message: FromRenewalThread) => this.#handle(message))
      .on('error', (error) => (failure = error))
      .on('exit', () => this.#handleExit(thread, failure));
    thread.unref();
    return thread;
  }

  #handle(message: FromRenewalThread): void {
    const held = this.#leases.get(message.id);
    if (!held) return;
    if (message.type === 'lost') {
      held.lease.onLost();
      return;
    }
    this.#forget(message.id);
    this.#resolveRelease(held, message.token);
  }

  #resolveRelease({ resolve }: HeldLease, token: string | undefined): void {
    if (!resolve) return;
    if (--this.#pendingReleases === 0) this.#thread?.unref();
    resolve(token);
  }

  #forget(id: number): void {
    this.#leases.delete(id);
    if (this.#leases.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), idleTime).unref();
  }

  #end(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
  }

  /** Its leases are renewed on the event loop from now on. */
  #handleExit(thread: Worker, failure: unknown): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    this.#hasFailed = true;
    emitWarning(
      `the thread that renews leases ended (${failure === undefined ? 'for an unknown reason' : describeError(failure)}): they are renewed on the event loop, so a task that blocks it for long loses its lease`,
    );
    for (const [id, held] of this.#leases) {
      if (!held.resolve) {
        this.#renewHere(held);
        continue;
      }
      this.#forget(id);
      this.#resolveRelease(held, held.lease.token);
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

  #renewHere(held: HeldLease): void {
    const renewer = new LoopRenewer(held.backend, systemClock);
    held.onLoop = { renewer, id: renewer.start(held.lease) };
  }
}

export const renewalThread = new RenewalThread();

/** Renews the leases of a store in a thread, so that a task may block the event loop. */
export class ThreadRenewer implements LeaseRenewer {
  readonly #uri: string;
  readonly #backend: LeaseBackend;

  /** @param backend the store as opened in this thread, used if no thread can start */
  constructor(uri: string, backend: LeaseBackend) {
    this.#uri = uri;
    this.#backend = backend;
  }

  start(lease: RenewedLease): number {
    return renewalThread.start(lease, this.#uri, this.#backend);
  }

  release(id: number): Awaitable<string | undefined> {
    return renewalThread.release(id);
  }
}
