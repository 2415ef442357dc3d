import { setImmediate } from 'node:timers/promises';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import type { NodeStates } from './node-states';
import type { PendingWork } from './pending-work';
import type { Queue } from './queues';
import type { ReadyQueue } from './ready-queue';
import type { RunContext } from './run-context';

/** Work that never waits lets other things have their turn this often. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/** What a scheduler works with. */
export interface SchedulerParts {
  readonly run: Pick<RunContext, 'state' | 'scope'>;
  readonly states: NodeStates;
  readonly ready: ReadyQueue;
  readonly work: PendingWork;
  /** Loads or runs a node; its slots are held until this is over. Never throws for what goes wrong in a task. */
  readonly startNode: (index: number) => Awaitable<void>;
}

/** Starts all that is ready, up to the limits of queues and executors, until nothing is left to do. */
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

  /** Over once nothing is ready or under way. Rejects only for a fault of the program itself. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.pump();
    });
  }

  /** Starts what can be started. */
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
      // Counted across calls: promises that are there at once would call again and again in one turn.
      if (++this.#steps % sliceSteps === 0 && performance.now() > this.#sliceEnd) {
        void setImmediate().then(this.#continue);
        return;
      }
    }
    this.#isPumping = false;
    this.#finishWhenIdle();
  };

  /** Called by the runs that free slots. */
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
    // What is ready and not under way waits for room that other runs take.
    if (work.isEmpty && (run.state.isEnding || ready.isEmpty)) this.#finish();
  }
}

function release({ queue, executorSlots }: Queue): void {
  queue?.release();
  executorSlots.release();
}
