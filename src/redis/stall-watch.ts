import type { Socket } from 'node:net';

const TICK = 250;

/** Nothing was received or sent for too long: the server hangs, or the network swallows everything. */
export class NoAnswerError extends Error {
  constructor(milliseconds: number) {
    super(`no answer for ${milliseconds / 1000} seconds`);
  }
}

/**
 * Calls `onStall` when a socket has neither received nor sent a byte for some time.
 *
 * Only time in which the event loop runs counts: while a task blocks it, answers stay unread. And only received bytes
 * and bytes handed to the system are progress: it is possible to write to a server that hangs.
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

  /** An answer came: used when the socket is not known. */
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
    // Node's own idle timeout of sockets uses the same number; a large value is one write for minutes.
    const handle = (this.#socket as { _handle?: { writeQueueSize?: number } } | undefined)?._handle;
    return `${this.#socket?.bytesRead} ${handle?.writeQueueSize}`;
  }
}
