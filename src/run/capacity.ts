import type { Executor } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import { AbandonedAttempts } from './abandoned-attempts';
import { type Lane, Lanes, type QueueOptions } from './lanes';
import { Slots } from './slots';

const defaultConcurrency = 64;
const defaultTimeoutGrace = 10_000;
/** Checkpoints that are being loaded, of storages that do not answer at once. */
const loadsAtOnce = 64;

/** A runner's executors, and how much runs at once on each and in each queue; held by all its runs together. */
export class Capacity {
  /** Where checkpoints are loaded. */
  readonly loadLane: Lane;
  /** Attempts that timed out and still hold slots. */
  readonly abandoned: AbandonedAttempts;
  readonly #slots = new Map<Executor, Slots>();
  readonly #lanes: Lanes;
  /** Of the runs that have queues of their own. */
  readonly #ofRuns = new Map<string, Lanes>();
  /** Each lane as the runs see it that tasks started. */
  readonly #nestedLanes = new WeakMap<Lane, Lane>();

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

  /**
   * Gives the lanes of a run's nodes.
   *
   * @param options `queues` holds for this run only; `isNested` says that a task started it
   */
  laneOf(
    runId: string,
    {
      queues,
      isNested,
    }: { readonly queues: Readonly<Record<string, QueueOptions>> | undefined; readonly isNested: boolean },
  ): (node: GraphNode) => Lane {
    let lanes = this.#lanes;
    if (queues) {
      lanes = new Lanes(queues, this.#lanes.rest, this.#slotsOf, this.#lanes);
      this.#ofRuns.set(runId, lanes);
    }
    return isNested ? (node) => this.#nestedLane(lanes.of(node)) : lanes.of;
  }

  /** A run is over: what executors keep for it alone can go. */
  async endRun(runId: string): Promise<void> {
    this.#ofRuns.get(runId)?.letGo();
    this.#ofRuns.delete(runId);
    for (const executor of this.#slots.keys()) await executor.endRun?.(runId);
  }

  async close(): Promise<void> {
    await this.abandoned.ended();
    for (const executor of this.#slots.keys()) await executor.close?.();
  }

  #nestedLane(lane: Lane): Lane {
    let nested = this.#nestedLanes.get(lane);
    if (!nested) {
      nested = { ...lane, queue: lane.queue?.nested, executorSlots: lane.executorSlots.nested };
      this.#nestedLanes.set(lane, nested);
    }
    return nested;
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
