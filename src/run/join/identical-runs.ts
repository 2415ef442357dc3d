import type { Graph } from '../../graph/graph';
import type { NodeKeys } from '../../graph/key';
import type { StorageStack } from '../../storage/storage-stack';
import type { TaskDefinition } from '../../task/definition';
import type { GraphFingerprints } from '../prepare-graph';
import type { Joins } from './joins';

/** An active run to which later runs may be identical. */
export interface ActiveRun {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly fingerprints: GraphFingerprints;
  readonly layers: StorageStack;
  readonly joins: Joins;
}

/** The active runs of a runner with saved tasks, by their first target's task. */
export class IdenticalRuns {
  readonly #byTask = new Map<TaskDefinition, Set<ActiveRun>>();

  /** Adds a run. Returns an active one with the same target keys in the same storage. */
  add(run: ActiveRun): ActiveRun | undefined {
    const task = run.graph.targets[0]!.task;
    let runs = this.#byTask.get(task);
    if (!runs) this.#byTask.set(task, (runs = new Set()));
    let identical: ActiveRun | undefined;
    for (const other of runs) {
      if (!areIdentical(run, other)) continue;
      identical = other;
      break;
    }
    runs.add(run);
    return identical;
  }

  delete(run: ActiveRun): void {
    const task = run.graph.targets[0]!.task;
    const runs = this.#byTask.get(task);
    runs?.delete(run);
    if (runs?.size === 0) this.#byTask.delete(task);
  }
}

function areIdentical(a: ActiveRun, b: ActiveRun): boolean {
  const [ours, others] = [a.graph.targets, b.graph.targets];
  return (
    ours.length === others.length &&
    a.graph.nodes.length === b.graph.nodes.length &&
    haveSameLayers(a.layers, b.layers) &&
    ours.every(({ task }, i) => task === others[i]!.task) &&
    ours.every(({ index }, i) => keyOf(a, index) !== undefined && keyOf(a, index) === keyOf(b, others[i]!.index))
  );
}

function keyOf({ keys, fingerprints }: ActiveRun, index: number): string | undefined {
  try {
    return fingerprints.hasUnknownKey(index) ? undefined : keys.get(index);
  } catch {
    // A task's own key() failed: that is reported when the key is needed.
    return undefined;
  }
}

function haveSameLayers(a: StorageStack, b: StorageStack): boolean {
  return (
    a.reads.length === b.reads.length &&
    a.writes.length === b.writes.length &&
    a.reads.every(({ store }, i) => store === b.reads[i]!.store) &&
    a.writes.every((layer, i) => layer === b.writes[i])
  );
}
