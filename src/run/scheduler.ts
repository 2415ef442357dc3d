import { setImmediate } from 'node:timers/promises';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import type { RunScope } from './async-context';
import { type NodeStates, State } from './node-states';
import { type Queue, Semaphore } from './queues';
import type { ReadyQueue } from './ready-queue';
import type { InFlightCounter } from './run-state';

/** What a scheduler asks about nodes and does with them. */
export interface SchedulerHooks {
  /** Loads or runs a node; its slots are held until this is over. Never throws for what goes wrong in a task. */
  readonly start: (index: number) => Awaitable<void>;
  /** Whether the run only waits for what is under way. */
  isEnding(): boolean;
}

/** Results on their way to storage, large ones counted several times; more than this many hold up new tasks. */
const mostWrites = 1_024;
/** Work that never waits lets other things have their turn this often. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/** Starts all that is ready, up to the limits of queues and executors, until nothing is left to do. */
export class Scheduler {
  /** Held by results on their way to storage. */
  readonly writes = new Semaphore(mostWrites, 'writes');
  readonly #frontier: NodeStates;
  readonly #ready: ReadyQueue;
  readonly #work: SchedulerHooks;
  readonly #activity: InFlightCounter;
  readonly #scope: RunScope;
  /** Started nodes whose slots stay in use until something else is over as well. */
  readonly #keptSlots = new Map<number, Promise<void>>();
  #underWay = 0;
  #isPumping = false;
  #steps = 0;
  #sliceEnd = 0;
  #finish: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(
    frontier: NodeStates,
    ready: ReadyQueue,
    work: SchedulerHooks,
    activity: InFlightCounter,
    scope: RunScope,
  ) {
    this.#frontier = frontier;
    this.#ready = ready;
    this.#work = work;
    this.#activity = activity;
    this.#scope = scope;
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
    while (!this.#work.isEnding()) {
      if (this.writes.isFull) {
        this.writes.onFree(this.pump);
        break;
      }
      const next = this.#ready.next();
      if (!next) {
        this.#ready.onRoom(this.#wake);
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
  readonly #wake = (): void => this.#scope.enter(this.pump);

  /** Keeps a started node's slots in use until something else is over, such as an attempt that timed out. Of two, the later counts. */
  keepSlots(index: number, until: Promise<void>): void {
    this.#keptSlots.set(index, until);
  }

  /** Keeps the run going until something is over, then starts what that made possible. */
  track(pending: PromiseLike<unknown>): void {
    this.#activity.begin();
    this.wait(pending);
    pending.then(this.#activity.end, this.#activity.end);
  }

  /** Keeps the run going until something is over that other work of the same run has to bring about. */
  wait(pending: PromiseLike<unknown>): void {
    this.#underWay++;
    pending.then(
      () => {
        this.#underWay--;
        this.pump();
      },
      (error) => this.#fail(error),
    );
  }

  readonly #continue = (): void => {
    this.#sliceEnd = performance.now() + sliceMilliseconds;
    this.#isPumping = false;
    this.pump();
  };

  #start(index: number, lane: Queue): void {
    this.#frontier.states[index] = State.started;
    lane.queue?.acquire();
    lane.executorSlots.acquire();
    const pending = this.#begin(index);
    if (isPromiseLike(pending)) this.track(pending.then(() => this.#release(index, lane)));
    else release(lane);
  }

  #release(index: number, lane: Queue): void {
    const until = this.#keptSlots.get(index);
    this.#keptSlots.delete(index);
    if (until) void until.then(() => release(lane));
    else release(lane);
  }

  #begin(index: number): Awaitable<void> {
    try {
      return this.#work.start(index);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #finishWhenIdle(): void {
    // What is ready and not under way waits for room that other runs take.
    if (this.#underWay === 0 && (this.#work.isEnding() || this.#ready.isEmpty)) this.#finish();
  }
}

function release({ queue, executorSlots }: Queue): void {
  queue?.release();
  executorSlots.release();
}
