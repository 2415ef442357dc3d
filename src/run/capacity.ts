import type { Executor } from '../executors/executor';
import { type Lane, Lanes, type QueueOptions } from './lanes';
import { Slots } from './slots';

const defaultConcurrency = 64;
/** Checkpoints that are being loaded, of storages that do not answer at once. */
const loadsAtOnce = 64;

/** A runner's executors, and how much runs at once on each and in each queue; held by all its runs together. */
export class Capacity {
  /** Where checkpoints are loaded. */
  readonly loadLane: Lane;
  readonly #slots = new Map<Executor, Slots>();
  readonly #lanes: Lanes;
  /** Of the runs that have queues of their own. */
  readonly #ofRuns = new Map<string, Lanes>();

  /** @throws {TidemarkError} for a concurrency that cannot be, or an executor that is none */
  constructor(
    executor: Executor,
    concurrency: number = executor.concurrency ?? defaultConcurrency,
    queues: Readonly<Record<string, QueueOptions>> = {},
  ) {
    const slots = new Slots(concurrency, 'the runner');
    this.#slots.set(executor, slots);
    const rest = { queue: undefined, executor, executorSlots: slots };
    this.#lanes = new Lanes(queues, rest, this.#slotsOf);
    this.loadLane = { ...rest, executorSlots: new Slots(loadsAtOnce, 'loads') };
  }

  /** Where the tasks of a queue run, unless a run says otherwise. */
  executorOf(queue: string): Executor {
    return this.#lanes.named(queue).executor;
  }

  /** @param queues what holds for this run only */
  lanes(runId: string, queues: Readonly<Record<string, QueueOptions>> | undefined): Lanes {
    if (!queues) return this.#lanes;
    const lanes = new Lanes(queues, this.#lanes.rest, this.#slotsOf, this.#lanes);
    this.#ofRuns.set(runId, lanes);
    return lanes;
  }

  /** A run is over: what executors keep for it alone can go. */
  async endRun(runId: string): Promise<void> {
    this.#ofRuns.get(runId)?.letGo();
    this.#ofRuns.delete(runId);
    for (const executor of this.#slots.keys()) await executor.endRun?.(runId);
  }

  async close(): Promise<void> {
    for (const executor of this.#slots.keys()) await executor.close?.();
  }

  readonly #slotsOf = (executor: Executor): Slots => {
    let slots = this.#slots.get(executor);
    if (!slots) {
      slots = new Slots(executor.concurrency ?? defaultConcurrency, `the executor ${executor.name}`);
      this.#slots.set(executor, slots);
    }
    return slots;
  };
}
