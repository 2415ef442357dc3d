import { setImmediate } from 'node:timers/promises';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import type { NodeStates } from './node-states';
import type { PendingWork } from './pending-work';
import type { Queue } from './queues';
import type { ReadyQueue } from './ready-queue';
import type { RunContext } from './run-context';

/** The time after which synchronous work yields to the event loop. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/** The dependencies of a scheduler. */
export interface SchedulerParts {
  readonly run: Pick<RunContext, 'state' | 'scope'>;
  readonly states: NodeStates;
  readonly ready: ReadyQueue;
  readonly work: PendingWork;
  /** Loads or runs a node, which holds its slots meanwhile. Never throws for failures of tasks. */
  readonly startNode: (index: number) => Awaitable<void>;
}

/** Starts ready nodes within the limits of queues and executors, until no work is left. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  #isPumping = false;
  #steps = 0;
  #sliceEnd = 0;
  #finish: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    parts.work.listen(this.pump, (error) => this.#fail(error));
  }

  /** Resolves once no node is ready and no work is pending. Rejects only for internal errors. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.pump();
    });
  }

  /** Starts the nodes that can start. */
  readonly pump = (): void => {
    if (this.#isPumping) return;
    this.#isPumping = true;
    const { run, ready, work } = this.#parts;
    while (!run.state.isEnding) {
      if (work.writes.isFull) {
        work.writes.onFree(this.pump);
        break;
      }
      const next = ready.next();
      if (!next) {
        ready.onRoom(this.#wake);
        break;
      }
      this.#start(next.nodes.pop()!, next.queue);
      // Counted across calls: promises that are already settled would call again and again in one turn.
      if (++this.#steps % sliceSteps === 0 && performance.now() > this.#sliceEnd) {
        void setImmediate().then(this.#continue);
        return;
      }
    }
    this.#isPumping = false;
    this.#finishWhenIdle();
  };

  /** Called when another run frees a slot. */
  readonly #wake = (): void => this.#parts.run.scope.enter(this.pump);

  readonly #continue = (): void => {
    this.#sliceEnd = performance.now() + sliceMilliseconds;
    this.#isPumping = false;
    this.pump();
  };

  #start(index: number, queue: Queue): void {
    const { states, work } = this.#parts;
    states.start(index);
    queue.queue?.acquire();
    queue.executorSlots.acquire();
    const pending = this.#startNode(index);
    if (isPromiseLike(pending)) work.track(pending.then(() => this.#release(index, queue)));
    else release(queue);
  }

  #release(index: number, queue: Queue): void {
    const until = this.#parts.work.removeSlotHold(index);
    if (until) void until.then(() => release(queue));
    else release(queue);
  }

  #startNode(index: number): Awaitable<void> {
    try {
      return this.#parts.startNode(index);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #finishWhenIdle(): void {
    const { run, ready, work } = this.#parts;
    // Ready nodes without pending work wait for slots that other runs hold.
    if (work.isEmpty && (run.state.isEnding || ready.isEmpty)) this.#finish();
  }
}

function release({ queue, executorSlots }: Queue): void {
  queue?.release();
  executorSlots.release();
}
