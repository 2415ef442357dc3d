import type { Demand } from './demand';
import type { ExecutionOptions } from './execution-options';
import type { Frontier } from './frontier';
import type { Joins } from './joins';
import type { Lineage } from './lineage';
import type { Saves } from './saves';
import type { Scheduler } from './scheduler';
import type { StorageFaults } from './storage-faults';

/** What those share who load and run the nodes of one execution. */
export interface ExecutionParts extends ExecutionOptions {
  readonly demand: Demand;
  readonly frontier: Frontier;
  readonly joins: Joins;
  readonly scheduler: Scheduler;
  readonly saves: Saves;
  readonly faults: StorageFaults;
  readonly lineage: Lineage;
  /** A result is there; what refs in it name has to be there as well before others get it. */
  arrive(index: number, value: unknown, holdsRefs: boolean): void;
  /** Tells of nodes that will not run. */
  skip(indices: readonly number[]): void;
}
