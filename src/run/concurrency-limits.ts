import type { Executor } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import { type LastTimer, setLastTimer } from './open-calls';
import { type Queue, type QueueOptions, Queues, Semaphore } from './queues';

/** Attempts that timed out and go on all the same. Each keeps its slots until it ends, or until its grace period is over. */
class AbandonedAttempts {
  /** How long an attempt keeps its slots after its timeout, in milliseconds. */
  readonly grace: number;
  readonly #open = new Map<Promise<void>, LastTimer>();

  constructor(grace: number) {
    this.grace = grace;
  }

  /**
   * Waits for an attempt that timed out.
   *
   * @param onOverdue called when the grace period is over and the attempt is not
   * @returns fulfilled when its slots are free; never rejects
   */
  add(attempt: Promise<unknown>, onOverdue: () => void): Promise<void> {
    let timer: LastTimer | undefined;
    const overdue = new Promise<void>((resolve) => {
      timer = setLastTimer(() => {
        onOverdue();
        resolve();
      }, this.grace);
    });
    const over: Promise<void> = Promise.race([attempt.then(ignore, ignore), overdue]).then(() => {
      timer?.clear();
      this.#open.delete(over);
    });
    this.#open.set(over, timer!);
    return over;
  }

  /** Waits until none is left. */
  async waitForAll(): Promise<void> {
    for (const timer of this.#open.values()) timer.ref();
    await Promise.all(this.#open.keys());
  }
}

function ignore(): void {}

const defaultConcurrency = 64;
const defaultTimeoutGrace = 10_000;
/** Checkpoints that are being loaded, of storages that do not answer at once. */
const loadsAtOnce = 64;

/** A runner's executors, and how much runs at once on each and in each queue; held by all its runs together. */
export class ConcurrencyLimits {
  /** Where checkpoints are loaded. */
  readonly loadQueue: Queue;
  /** Attempts that timed out and still hold slots. */
  readonly abandoned: AbandonedAttempts;
  readonly #semaphores = new Map<Executor, Semaphore>();
  readonly #queues: Queues;
  /** Of the runs that have queues of their own. */
  readonly #ofRuns = new Map<string, Queues>();
  /** Each lane as the runs see it that tasks started. */
  readonly #nestedQueues = new WeakMap<Queue, Queue>();

  /** @throws {TidemarkError} for a concurrency that cannot be, or an executor that is none */
  constructor(
    executor: Executor,
    {
      concurrency = executor.concurrency ?? defaultConcurrency,
      queues = {},
      timeoutGrace = defaultTimeoutGrace,
    }: {
      readonly concurrency?: number | undefined;
      readonly queues?: Readonly<Record<string, QueueOptions>> | undefined;
      readonly timeoutGrace?: number | undefined;
    },
  ) {
    this.abandoned = new AbandonedAttempts(timeoutGrace);
    const slots = new Semaphore(concurrency, 'the runner');
    this.#semaphores.set(executor, slots);
    const rest = { queue: undefined, executor, executorSlots: slots };
    this.#queues = new Queues(queues, rest, this.#semaphoreOf);
    this.loadQueue = { ...rest, executorSlots: new Semaphore(loadsAtOnce, 'loads') };
  }

  /** Where the tasks of a queue run, unless a run says otherwise. */
  executorOf(queue: string): Executor {
    return this.#queues.getByName(queue).executor;
  }

  /**
   * Gives the lanes of a run's nodes.
   *
   * @param options `queues` holds for this run only; `isNested` says that a task started it
   */
  queuesFor(
    runId: string,
    {
      queues,
      isNested,
    }: { readonly queues: Readonly<Record<string, QueueOptions>> | undefined; readonly isNested: boolean },
  ): (node: GraphNode) => Queue {
    let lanes = this.#queues;
    if (queues) {
      lanes = new Queues(queues, this.#queues.defaultQueue, this.#semaphoreOf, this.#queues);
      this.#ofRuns.set(runId, lanes);
    }
    return isNested ? (node) => this.#nestedQueue(lanes.get(node)) : lanes.get;
  }

  /** A run is over: what executors keep for it alone can go. */
  async endRun(runId: string): Promise<void> {
    this.#ofRuns.get(runId)?.release();
    this.#ofRuns.delete(runId);
    for (const executor of this.#semaphores.keys()) await executor.endRun?.(runId);
  }

  async close(): Promise<void> {
    await this.abandoned.waitForAll();
    for (const executor of this.#semaphores.keys()) await executor.close?.();
  }

  #nestedQueue(lane: Queue): Queue {
    let nested = this.#nestedQueues.get(lane);
    if (!nested) {
      nested = { ...lane, queue: lane.queue?.nested, executorSlots: lane.executorSlots.nested };
      this.#nestedQueues.set(lane, nested);
    }
    return nested;
  }

  readonly #semaphoreOf = (executor: Executor): Semaphore => {
    let slots = this.#semaphores.get(executor);
    if (!slots) {
      slots = new Semaphore(executor.concurrency ?? defaultConcurrency, `the executor ${executor.name}`);
      this.#semaphores.set(executor, slots);
    }
    return slots;
  };
}
