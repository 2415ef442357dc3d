import type { Decider } from './decide';
import type { NodeProvenances } from './dynamic/provenance';
import type { ExecutionOptions } from './execution-options';
import type { Joins } from './join/joins';
import type { NodeStates } from './node-states';
import type { ResultWriter } from './save-result';
import type { Scheduler } from './scheduler';
import type { StorageErrorPolicy } from './storage-error-policy';

/** What those share who load and run the nodes of one execution. */
export interface ExecutionParts extends ExecutionOptions {
  readonly demand: Decider;
  readonly frontier: NodeStates;
  readonly joins: Joins;
  readonly scheduler: Scheduler;
  readonly saves: ResultWriter;
  readonly faults: StorageErrorPolicy;
  readonly lineage: NodeProvenances;
  /** A result is there; what refs in it name has to be there as well before others get it. */
  arrive(index: number, value: unknown, holdsRefs: boolean): void;
  /** Tells of nodes that will not run. */
  skip(indices: readonly number[]): void;
}
