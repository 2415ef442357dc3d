import { isPromiseLike } from '../base/awaitable';
import { describeError } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { loadedValue } from '../executors/remote/result-handle';
import type { GraphNode } from '../graph/node';
import { fillTemplate } from '../graph/structure';
import { assembleExecution, type ExecutionParts } from './assemble-execution';
import type { ExecutionPeer } from './dynamic/node-claims';
import type { ChildExecution, TargetResult } from './dynamic/resolve-refs';
import { RunFailedError, tasksFailed } from './errors';
import type { ActiveRun, IdenticalRuns } from './join/identical-runs';
import type { NodeStates } from './node-states';
import type { HandOver } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';

/** The output of an execution, once it has ended. */
class ExecutionOutput {
  readonly #run: Pick<RunContext, 'signal' | 'state'>;
  readonly #graph: RunGraph;
  readonly #states: NodeStates;

  constructor(run: Pick<RunContext, 'signal' | 'state'>, graph: RunGraph, states: NodeStates) {
    this.#run = run;
    this.#graph = graph;
    this.#states = states;
  }

  /** True when every target has a result. */
  get isComplete(): boolean {
    const { graph } = this.#graph;
    return !this.#run.state.fatal && graph.targets.every(({ index }) => this.#states.isDone(index));
  }

  /** The results, in the structure of the target. @throws {RunFailedError} */
  value(handover: HandOver): unknown {
    const { graph, reporter } = this.#graph;
    try {
      return fillTemplate(graph.target, ({ index }) => loadedValue(this.#states.resultOf(index)), handover);
    } catch (error) {
      throw new RunFailedError(describeError(error), [], reporter.counters.summary(), error);
    }
  }

  /** @throws {RunFailedError} when results are missing, or when other tasks failed */
  throwIfFailed(): void {
    const { signal, state } = this.#run;
    const { graph, reporter } = this.#graph;
    const { errors, fatal } = state;
    const summary = reporter.counters.summary();
    if (fatal) throw new RunFailedError(describeError(fatal.error), errors, summary, fatal.error);
    const missing = graph.targets.find(({ index }) => !this.#states.isDone(index));
    if (missing && signal.aborted)
      throw new RunFailedError(
        `the run was cancelled: ${describeError(signal.reason)}`,
        errors,
        summary,
        signal.reason,
      );
    if (errors.length > 0) throw tasksFailed(errors, summary);
    if (missing === undefined) return;
    throw new RunFailedError(
      state.isStopped
        ? 'the run was stopped'
        : `nothing is left to do, but ${missing} has no result; this is a fault in Tidemark`,
      [],
      summary,
      undefined,
    );
  }
}

/** The hooks of a run that restore its result, and receive it. */
interface RunHooks {
  readonly restore?: (() => unknown) | undefined;
  readonly checkpoint?: ((result: any) => unknown) | undefined;
}

/**
 * One execution of a graph: loads or computes what the target needs, and saves the results of saved tasks. A run has
 * one, and one more for each result that holds refs.
 */
export class Execution implements ChildExecution {
  readonly #run: RunContext;
  readonly #graph: RunGraph;
  readonly #identicalRuns: IdenticalRuns | undefined;
  readonly #parts: ExecutionParts;
  readonly #output: ExecutionOutput;

  /** @param identicalRuns the other runs of the runner, when work may be left to an identical one */
  constructor(run: RunContext, graph: RunGraph, identicalRuns: IdenticalRuns | undefined) {
    this.#run = run;
    this.#graph = graph;
    this.#identicalRuns = identicalRuns;
    this.#parts = assembleExecution(run, graph);
    this.#output = new ExecutionOutput(run, graph, this.#parts.states);
  }

  /** Runs to the end and returns the result. @throws {RunFailedError} when there is none */
  async run(hooks: RunHooks): Promise<unknown> {
    const { sharing } = this.#parts;
    this.#graph.reporter.started();
    const restored = hooks.restore && (await this.#callHook('restore', hooks.restore));
    if (restored !== undefined) return restored;
    if (hooks.checkpoint) sharing.addHookOfRun();
    if (!(await this.complete())) this.#output.throwIfFailed();
    const forHook = hooks.checkpoint && this.#output.value(sharing.forHookOfRun());
    const value = this.value();
    if (hooks.checkpoint) await this.#callHook('checkpoint', () => hooks.checkpoint!(forHook));
    return value;
  }

  /** Runs to the end. Returns whether every target has a result. */
  async complete(): Promise<boolean> {
    const { storageFailure } = this.#graph;
    const { policy, states, failures } = this.#parts;
    if (storageFailure) void policy.handle(undefined, storageFailure.error);
    const unsubscribe = this.#run.state.onEnding(() => this.#end());
    const active = this.#activeRun();
    const leader = active && this.#identicalRuns!.add(active);
    try {
      await this.#loadOrCompute(leader);
    } finally {
      if (active) this.#identicalRuns!.delete(active);
      this.#parts.joins.endAll();
    }
    failures.reportSkipped(states.skipWaiting());
    unsubscribe();
    return this.#output.isComplete;
  }

  /** The result for the caller of the run. */
  value(): unknown {
    return this.#output.value(this.#parts.sharing.forCaller());
  }

  /** The targets with the metadata of their results, once these are there. */
  targets(): readonly TargetResult[] {
    return this.#graph.graph.targets.map((node) => ({ node, ...this.view.metadataOf(node) }));
  }

  /** True when the result of a target still holds refs. */
  isUnresolved(): boolean {
    return !this.#graph.purpose.resolvesTargets && this.#parts.delivery.hasUnresolved;
  }

  marksOn({ index }: GraphNode): readonly string[] {
    return this.#graph.checkpoints?.marksOn(index) ?? [];
  }

  /** The execution, as others of the run see it. */
  get view(): ExecutionPeer {
    return this.#parts.view;
  }

  /** Decides from the targets down, then starts ready nodes until none is left; results settle on the way. */
  async #loadOrCompute(leader: ActiveRun | undefined): Promise<void> {
    const { graph } = this.#graph;
    const { state, inFlight } = this.#run;
    const { starter, decider, states, scheduler, remote, failures } = this.#parts;
    starter.beginLookups(leader?.joins);
    const decided = decider.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await inFlight.track(decided);
    if (state.isEnding) return;
    states.enqueue(graph.order);
    states.drainDecided();
    await scheduler.run();
    for (const index of await remote.loadTargets())
      failures.fail(index, new TidemarkError('its result was in the storage, and is not there any more'));
  }

  /** Starts no further nodes, since the run is ending. */
  #end(): void {
    this.#parts.retries.giveUp();
    this.#parts.scheduler.pump();
  }

  /** This execution as identical runs see it; undefined when it leaves no work to others. */
  #activeRun(): ActiveRun | undefined {
    const { graph, keys, fingerprints, checkpoints } = this.#graph;
    if (!this.#identicalRuns || !checkpoints?.isSaving || graph.targets.length === 0) return undefined;
    return { graph, keys, fingerprints, layers: this.#run.layers, joins: this.#parts.joins };
  }

  async #callHook(name: 'restore' | 'checkpoint', call: () => unknown): Promise<unknown> {
    const { call: openCall, scope } = this.#run;
    try {
      return await openCall.waitFor(
        () => `${name}() of the run`,
        scope.enter(async () => call()),
      );
    } catch (error) {
      this.#graph.reporter.hookFailed(undefined, name, error);
      return undefined;
    }
  }
}
