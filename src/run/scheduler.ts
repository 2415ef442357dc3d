import { setImmediate } from 'node:timers/promises';
import { type Awaitable, isPromiseLike } from '../awaitable';
import { type Frontier, State } from './frontier';
import type { Lane } from './lanes';
import { Slots } from './slots';

/** What a scheduler asks about nodes and does with them. */
export interface Work {
  /** Where a node goes to be loaded or run. */
  laneOf(index: number): Lane;
  /** Loads or runs a node; its slots are held until this is over. Never throws for what goes wrong in a task. */
  begin(index: number): Awaitable<void>;
  /** Whether the run only waits for what is under way. */
  isEnding(): boolean;
}

/** Results on their way to storage; more than this many hold up new tasks. */
const mostWrites = 256;
/** Work that never waits lets other things have their turn this often. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/** Starts all that is ready, up to the limits of queues and executors, until nothing is left to do. */
export class Scheduler {
  /** Held by results on their way to storage. */
  readonly writes = new Slots(mostWrites, 'writes');
  readonly #frontier: Frontier;
  readonly #work: Work;
  /** Nodes that wait for room in their queue. */
  readonly #parked = new Map<Lane, number[]>();
  #underWay = 0;
  #isDraining = false;
  #finish: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(frontier: Frontier, work: Work) {
    this.#frontier = frontier;
    this.#work = work;
  }

  /** Over once nothing is ready or under way. Rejects only for a fault of the program itself. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.drain();
    });
  }

  /** Starts what can be started. */
  readonly drain = (): void => {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const { ready } = this.#frontier;
    const sliceEnd = performance.now() + sliceMilliseconds;
    for (let steps = 1; ready.length > 0 && !this.#work.isEnding(); steps++) {
      if (this.writes.isFull) {
        this.writes.whenFree(this.drain);
        break;
      }
      if (!this.#start(ready.pop()!)) break;
      if (steps % sliceSteps === 0 && performance.now() > sliceEnd) {
        void setImmediate().then(this.#continue);
        return;
      }
    }
    this.#isDraining = false;
    this.#finishWhenIdle();
  };

  /** Keeps the run going until something is over, then starts what that made possible. */
  track(pending: PromiseLike<unknown>): void {
    this.#underWay++;
    pending.then(
      () => {
        this.#underWay--;
        this.drain();
      },
      (error) => this.#fail(error),
    );
  }

  readonly #continue = (): void => {
    this.#isDraining = false;
    this.drain();
  };

  /** Starts a node; false when no other can be started for now. */
  #start(index: number): boolean {
    if (this.#frontier.states[index] !== State.waiting) return true;
    const lane = this.#work.laneOf(index);
    if (lane.queue?.isFull) {
      this.#park(index, lane);
      return true;
    }
    if (lane.executorSlots.isFull) {
      this.#frontier.ready.push(index);
      lane.executorSlots.whenFree(this.drain);
      return false;
    }
    this.#frontier.states[index] = State.started;
    lane.queue?.take();
    lane.executorSlots.take();
    const pending = this.#work.begin(index);
    if (isPromiseLike(pending)) this.track(pending.then(() => release(lane)));
    else release(lane);
    return true;
  }

  /** Puts a node aside until its queue has room. */
  #park(index: number, lane: Lane): void {
    const parked = this.#parked.get(lane);
    if (parked) return void parked.push(index);
    this.#parked.set(lane, [index]);
    lane.queue!.whenFree(() => {
      this.#frontier.ready.push(...this.#parked.get(lane)!.reverse());
      this.#parked.delete(lane);
      this.drain();
    });
  }

  #finishWhenIdle(): void {
    if (this.#underWay > 0) return;
    // What is ready or parked waits for slots that other runs hold.
    const isWaiting = this.#frontier.ready.length > 0 || this.#parked.size > 0;
    if (this.#work.isEnding() || !isWaiting) this.#finish();
  }
}

function release({ queue, executorSlots }: Lane): void {
  queue?.release();
  executorSlots.release();
}
