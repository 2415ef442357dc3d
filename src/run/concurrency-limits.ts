import type { Executor } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import { type LastTimer, setLastTimer } from './open-calls';
import { type Queue, type QueueOptions, Queues, Semaphore } from './queues';

/** Attempts that still run after their timeout. Each keeps its slots until it ends or its grace period is over. */
class AbandonedAttempts {
  /** The time for which an attempt keeps its slots after its timeout, in milliseconds. */
  readonly grace: number;
  readonly #open = new Map<Promise<void>, LastTimer>();

  constructor(grace: number) {
    this.grace = grace;
  }

  /**
   * Waits for an attempt that timed out.
   *
   * @param onOverdue called when the attempt outlasts the grace period
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

  /** Waits until every one is over. */
  async waitForAll(): Promise<void> {
    for (const timer of this.#open.values()) timer.ref();
    await Promise.all(this.#open.keys());
  }
}

function ignore(): void {}

const defaultConcurrency = 64;
const defaultTimeoutGrace = 10_000;
/** The limit of concurrent loads from asynchronous storages. */
const loadsAtOnce = 64;

/** The executors of a runner, and the concurrency limits of executors and queues across all of its runs. */
export class ConcurrencyLimits {
  /** The queue in which checkpoints are loaded. */
  readonly loadQueue: Queue;
  /** Attempts that timed out and still hold slots. */
  readonly abandoned: AbandonedAttempts;
  readonly #semaphores = new Map<Executor, Semaphore>();
  readonly #queues: Queues;
  /** The queues of runs with queue options of their own, by run id. */
  readonly #queuesByRun = new Map<string, Queues>();
  /** The view of each queue for runs that tasks started. */
  readonly #nestedQueues = new WeakMap<Queue, Queue>();

  /** @throws {TidemarkError} for an invalid concurrency or executor */
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

  /** The executor of a queue, unless a run overrides it. */
  executorOf(queue: string): Executor {
    return this.#queues.getByName(queue).executor;
  }

  /**
   * Returns the function that maps the nodes of a run to queues.
   *
   * @param options `queues` applies to this run only; `isNested` is true for a run that a task started
   */
  queuesFor(
    runId: string,
    {
      queues,
      isNested,
    }: { readonly queues: Readonly<Record<string, QueueOptions>> | undefined; readonly isNested: boolean },
  ): (node: GraphNode) => Queue {
    let runQueues = this.#queues;
    if (queues) {
      runQueues = new Queues(queues, this.#queues.defaultQueue, this.#semaphoreOf, this.#queues);
      this.#queuesByRun.set(runId, runQueues);
    }
    return isNested ? (node) => this.#nestedQueue(runQueues.get(node)) : runQueues.get;
  }

  /** Releases whatever executors keep for a run that is over. */
  async endRun(runId: string): Promise<void> {
    this.#queuesByRun.get(runId)?.release();
    this.#queuesByRun.delete(runId);
    for (const executor of this.#semaphores.keys()) await executor.endRun?.(runId);
  }

  async close(): Promise<void> {
    await this.abandoned.waitForAll();
    for (const executor of this.#semaphores.keys()) await executor.close?.();
  }

  #nestedQueue(queue: Queue): Queue {
    let nested = this.#nestedQueues.get(queue);
    if (!nested) {
      nested = { ...queue, queue: queue.queue?.nested, executorSlots: queue.executorSlots.nested };
      this.#nestedQueues.set(queue, nested);
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
