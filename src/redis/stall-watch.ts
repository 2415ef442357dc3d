import type { Socket } from 'node:net';

const TICK = 250;

/** Nothing came and nothing went for too long: the server hangs, or what lies between swallows everything. */
export class NoAnswerError extends Error {
  constructor(milliseconds: number) {
    super(`no answer for ${milliseconds / 1000} seconds`);
  }
}

/**
 * Calls `onStall` when a socket has neither received nor handed over a byte for some time.
 *
 * Only time in which the event loop turned counts: while a task blocks it, answers wait unread. And only what
 * is received or taken off the socket's hands is progress: a server that hangs can still be written to.
 */
export class StallWatch {
  readonly #socket: Socket | undefined;
  readonly #patience: number;
  readonly #onStall: (error: NoAnswerError) => void;
  #timer: NodeJS.Timeout | undefined;
  #seen = '';
  #stalled = 0;
  #last = 0;

  /** @param patience in milliseconds */
  constructor(socket: Socket | undefined, patience: number, onStall: (error: NoAnswerError) => void) {
    this.#socket = socket;
    this.#patience = patience;
    this.#onStall = onStall;
  }

  start(): void {
    this.#stalled = 0;
    this.#seen = this.#progress();
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#look(), TICK);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Something was answered: told for where the socket is not known. */
  answered(): void {
    this.#stalled = 0;
  }

  #look(): void {
    const now = performance.now();
    const elapsed = Math.min(now - this.#last, 2 * TICK);
    this.#last = now;
    const progress = this.#progress();
    if (progress === this.#seen) this.#stalled += elapsed;
    else this.#stalled = 0;
    this.#seen = progress;
    if (this.#stalled >= this.#patience) this.#onStall(new NoAnswerError(this.#patience));
  }

  #progress(): string {
    // Node's own idle timeout of sockets goes by the same number; a large value is one write for minutes.
    const handle = (this.#socket as { _handle?: { writeQueueSize?: number } } | undefined)?._handle;
    return `${this.#socket?.bytesRead} ${handle?.writeQueueSize}`;
  }
}
