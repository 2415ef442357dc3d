import { AttemptExecution } from './attempt';
import { Decider, NodeCheckpoints } from './decide';
import { ResultDelivery } from './dynamic/deliver-result';
import { ExecutionView } from './dynamic/execution-view';
import { NodeProvenances } from './dynamic/provenance';
import { ResultEncoder } from './encode-result';
import { Joins } from './join/joins';
import { ResultLoader } from './load-result';
import { NodeFailures } from './node-failures';
import { NodeStates } from './node-states';
import { PendingWork } from './pending-work';
import { ReadyQueue } from './ready-queue';
import { RemoteResults } from './remote-results';
import { ResultSharing } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';
import { Retries, TaskRunner } from './run-task';
import { ResultWriter } from './save-result';
import { Scheduler } from './scheduler';
import { ResultPipeline, ResultPublisher } from './settle-result';
import { LeasedRuns, NodeStarter } from './start-node';
import { StorageErrorPolicy } from './storage-error-policy';
import { TaskHooks } from './task-hooks';

/** The parts of an execution. */
export type ExecutionParts = ReturnType<typeof assembleExecution>;

/** Creates the parts of one execution, each after those that it uses: none calls back to a later one. */
export function assembleExecution(run: RunContext, graph: RunGraph) {
  const ready = new ReadyQueue(graph.graph.nodes, run.queueOf, run.loadQueue);
  const states = new NodeStates(graph.graph, ready);
  const work = new PendingWork(run.inFlight);
  const known = new NodeCheckpoints();
  const provenances = new NodeProvenances(graph.graph);
  const base = { run, graph, states };
  const policy = new StorageErrorPolicy(run, graph, states);
  const joins = new Joins(base);
  const failures = new NodeFailures({ ...base, joins });
  const sharing = new ResultSharing({ ...base, freezes: run.freezes });
  const hooks = new TaskHooks(run, graph);
  const view = new ExecutionView({ graph, states, ready, provenances, sharing });

  // From a task's result to its dependents.
  const delivery = new ResultDelivery({ ...base, provenances, sharing, work, failures, view });
  const publisher = new ResultPublisher({ run, graph, sharing, hooks, work, delivery });
  const encoder = new ResultEncoder(run, graph, sharing);
  const writer = new ResultWriter({ ...base, known, provenances, encoder, work, policy, joins });
  const remote = new RemoteResults({ ...base, provenances, sharing });
  const pipeline = new ResultPipeline({ ...base, encoder, remote, writer, publisher });

  // From the decision to the result.
  const decider = new Decider({
    graph,
    states,
    known,
    restore: (index) => hooks.restore(index),
    leaveToOtherRun: (index) => joins.leaveToOtherRun(index),
    onFailure: (index, { store, error }) => policy.handle(index, error, store),
    onRun: (index) => warnOfMissingDirectory(graph, index),
  });
  const loader = new ResultLoader({
    ...base,
    known,
    decider,
    policy,
    writer,
    sharing,
    provenances,
    failures,
    delivery,
  });
  const retries = new Retries(states, work);
  const execution = new AttemptExecution({ run, graph, remote, policy, work });
  const runner = new TaskRunner({ run, graph, joins, execution, pipeline, retries, failures, work });
  const leased = new LeasedRuns({ ...base, policy, loader, runner, failures, work });
  const starter = new NodeStarter({ ...base, joins, loader, remote, leased, sharing, failures, work, delivery, view });
  const scheduler = new Scheduler({ run, states, ready, work, startNode: (index) => starter.start(index) });
  return {
    states,
    policy,
    joins,
    failures,
    sharing,
    view,
    delivery,
    remote,
    decider,
    retries,
    starter,
    scheduler,
  };
}

/** Warns when a node runs again only because its directory is not on this machine. */
function warnOfMissingDirectory({ graph, checkpoints, reporter }: RunGraph, index: number): void {
  const path = checkpoints?.missingDirectories.get(index);
  if (path === undefined) return;
  checkpoints!.missingDirectories.delete(index);
  reporter.warn(index, `${graph.nodes[index]} runs again: its result is saved, but its directory ${path} is not there`);
}
