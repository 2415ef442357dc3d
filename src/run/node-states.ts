import { isResultHandle } from '../executors/remote/result-handle';
import { Dependents, type Graph } from '../graph/graph';
import { NodeFacts, Sharing } from './node-facts';
import { allowedBefore, NodeStatus, transitionError } from './node-status';
import type { ReadyQueue } from './ready-queue';

/** The result of a node. */
export interface Outcome {
  readonly value: unknown;
}

/** Called with a node's outcome, or with undefined when it has none. */
export type SettleListener = (outcome: Outcome | undefined) => void;

const { undecided, deciding, willLoad, willRun, loading, running, done, released, failed, skipped } = NodeStatus;

/**
 * The state of every node of one execution, in flat arrays. State changes only here, and every change is checked.
 */
export class NodeStates {
  /** The metadata of results. */
  readonly facts: NodeFacts;
  readonly #graph: Graph;
  readonly #ready: Pick<ReadyQueue, 'push'>;
  readonly #statuses: Uint8Array;
  /** 1 for nodes that run, or ran, rather than being loaded. */
  readonly #runs: Uint8Array;
  readonly #results: unknown[];
  /** The number of requirements that a node waits for. */
  readonly #waiting: Int32Array;
  /** The number of users that still need a node's result: dependents that will run, and the caller. */
  readonly #uses: Int32Array;
  readonly #isWanted: Uint8Array;
  /** The call of `enqueue` in which each node was enqueued; 0 for none. */
  readonly #rounds: Int32Array;
  /** Built when a node has to wait: a run that only loads its target does not need it. */
  #dependents: Dependents | undefined;
  readonly #settleListeners = new Map<number, SettleListener[]>();
  /** The nodes decided since the last call of `drainDecided`; undefined before the first. */
  #decided: number[] | undefined;
  #round = 0;
  #hasFailed = false;

  /** @param ready receives the nodes that can start */
  constructor(graph: Graph, ready: Pick<ReadyQueue, 'push'>) {
    const count = graph.nodes.length;
    this.#graph = graph;
    this.#ready = ready;
    this.facts = new NodeFacts(graph);
    this.#statuses = new Uint8Array(count);
    this.#runs = new Uint8Array(count);
    this.#results = new Array(count);
    this.#waiting = new Int32Array(count);
    this.#uses = new Int32Array(count);
    this.#isWanted = new Uint8Array(count);
    this.#rounds = new Int32Array(count);
    for (const { index } of graph.targets) this.#uses[index] = this.#isWanted[index] = 1;
  }

  // Deciding.

  /** Marks a node whose checkpoint is being looked up, or whose `restore` was called: it is not decided twice. */
  beginDeciding(index: number): void {
    if (this.#statuses[index] === undecided) this.#move(index, deciding, allowedBefore.beginDeciding);
  }

  /** Returns a node to undecided. */
  undecide(index: number): void {
    this.#move(index, undecided, allowedBefore.undecide);
  }

  /**
   * Decides whether a node is loaded or run. Once the graph is enqueued, the released requirements of a node that runs
   * after all are decided and enqueued again.
   */
  decide(index: number, what: 'load' | 'run'): void {
    const runs = what === 'run';
    if (runs) this.#move(index, willRun, allowedBefore.decideToRun);
    else this.#move(index, willLoad, allowedBefore.decideToLoad);
    this.#runs[index] = runs ? 1 : 0;
    if (!this.#decided) return;
    if (runs) this.#reopen(index);
    this.#decided.push(index);
  }

  /** Returns the nodes decided since the last call; the first call starts the record. */
  drainDecided(): readonly number[] {
    const decided = this.#decided ?? [];
    this.#decided = [];
    return decided;
  }

  // Waiting and starting.

  /**
   * Enqueues decided nodes: those that need not wait become ready, the first of them on top.
   * Returns those that cannot run, since a requirement has failed in the meantime.
   */
  enqueue(indices: ArrayLike<number>): readonly number[] {
    const unable: number[] = [];
    this.#round++;
    for (let i = indices.length - 1; i >= 0; i--) {
      const index = indices[i]!;
      if (!this.#isPending(index)) continue;
      this.#rounds[index] = this.#round;
      if (this.#hasFailedInput(index)) {
        this.#move(index, skipped, allowedBefore.skip);
        unable.push(index);
        this.#skipDependents(index, unable);
        continue;
      }
      const waiting = this.#countUnsettled(index);
      this.#waiting[index] = waiting;
      if (waiting === 0) this.#pushReady(index);
      else this.#dependents ??= new Dependents(this.#graph);
    }
    return unable;
  }

  start(index: number): void {
    if (this.#runs[index] === 1) this.#move(index, running, allowedBefore.startRunning);
    else this.#move(index, loading, allowedBefore.startLoading);
  }

  /** Makes a started node ready again. */
  retry(index: number): void {
    if (this.#runs[index] === 1) this.#move(index, willRun, allowedBefore.retryRunning);
    else this.#move(index, willLoad, allowedBefore.retryLoading);
    this.#pushReady(index);
  }

  /** Loads a node that was decided to run: it does not need the results of its requirements any more. */
  fallBackToLoad(index: number): void {
    this.#move(index, loading, allowedBefore.fallBackToLoad);
    this.#releaseInputs(index);
    this.#runs[index] = 0;
    this.facts.recordSavedMeanwhile(index);
  }

  // Settling.

  /** Keeps a result for its users and wakes the nodes that wait for it. */
  complete(index: number, result: unknown): void {
    this.#move(index, done, allowedBefore.complete);
    this.#results[index] = result;
    if (this.#dependents) {
      const { first, list } = this.#dependents;
      const end = first[index + 1]!;
      for (let i = first[index]!; i < end; i++) this.#wake(list[i]!, index);
    }
    this.#notify(index, { value: result });
    if (this.#runs[index] === 1) this.#releaseInputs(index);
    if (this.#uses[index] === 0) this.#release(index);
  }

  /** Marks a node as failed, and skips the nodes that cannot run without it. Returns the skipped nodes. */
  fail(index: number): readonly number[] {
    const wasRunning = this.#statuses[index] === running;
    this.#move(index, failed, allowedBefore.fail);
    this.#hasFailed = true;
    if (wasRunning) this.#releaseInputs(index);
    this.#notify(index, undefined);
    const unable: number[] = [];
    this.#skipDependents(index, unable);
    return unable;
  }

  /** Skips all nodes that have not started. Returns them. */
  skipWaiting(): readonly number[] {
    const unable: number[] = [];
    for (const index of this.#graph.order) {
      if (!this.#isPending(index)) continue;
      this.#move(index, skipped, allowedBefore.skip);
      this.#notify(index, undefined);
      unable.push(index);
    }
    return unable;
  }

  /** Drops a result that turned out to be lost. */
  invalidate(index: number): void {
    if (this.#statuses[index] === done) this.#release(index);
  }

  /** Calls back once a node is settled: with its result, or with undefined when it has none. */
  onSettled(index: number, listener: SettleListener): void {
    const status = this.#statuses[index]!;
    if (status === done) listener({ value: this.#results[index] });
    else if (status > done) listener(undefined);
    else {
      const listeners = this.#settleListeners.get(index);
      if (listeners) listeners.push(listener);
      else this.#settleListeners.set(index, [listener]);
    }
  }

  // Questions.

  statusOf(index: number): NodeStatus {
    return this.#statuses[index] as NodeStatus;
  }

  /** True for a node that was decided to run, in any later state. */
  isToRun(index: number): boolean {
    return this.#runs[index] === 1;
  }

  isUndecided(index: number): boolean {
    return this.#statuses[index] === undecided;
  }

  isDone(index: number): boolean {
    return this.#statuses[index] === done;
  }

  isStarted(index: number): boolean {
    const status = this.#statuses[index];
    return status === loading || status === running;
  }

  /** True before a node has a result or has failed. */
  isUnsettled(index: number): boolean {
    return this.#statuses[index]! < done;
  }

  /** True when a node has a result that other users may receive. */
  isAvailable(index: number): boolean {
    return this.#statuses[index] === done && this.facts.sharingOf(index) !== Sharing.given;
  }

  /** True for targets. */
  isWanted(index: number): boolean {
    return this.#isWanted[index] === 1;
  }

  resultOf(index: number): unknown {
    return this.#results[index];
  }

  /** The number of users that still need a result: dependents that will run, and the caller. */
  usesOf(index: number): number {
    return this.#uses[index]!;
  }

  /** The nodes that require this one. */
  dependentsOf(index: number): Int32Array {
    return (this.#dependents ??= new Dependents(this.#graph)).get(index);
  }

  /** The first unsettled requirement of a node, or, without a node, the first unsettled target. */
  firstUnsettled(index: number | undefined): number | undefined {
    const { targets } = this.#graph;
    const required = index === undefined ? targets.map((target) => target.index) : this.#graph.requirementsOf(index);
    return required.find((one) => this.isUnsettled(one));
  }

  // Transitions.

  #move(index: number, to: NodeStatus, allowed: number): void {
    const from = this.#statuses[index] as NodeStatus;
    if ((allowed & (1 << from)) === 0) throw transitionError(String(this.#graph.nodes[index]), from, to);
    this.#statuses[index] = to;
  }

  /** True for a decided node that has not started. */
  #isPending(index: number): boolean {
    const status = this.#statuses[index]!;
    return status === willRun || status === willLoad || status === deciding;
  }

  #pushReady(index: number): void {
    this.#ready.push(index, this.#runs[index] === 0);
  }

  /** Resets the requirements of a node that were released, or given to a user that may change them. */
  #reopen(index: number): void {
    this.#forget(index);
    for (const required of this.#graph.requirementsOf(index)) {
      if (this.#statuses[required] !== released && this.facts.sharingOf(required) !== Sharing.given) continue;
      this.#move(required, undecided, allowedBefore.reopen);
      this.#runs[required] = 0;
      this.#forget(required);
    }
  }

  #forget(index: number): void {
    this.#rounds[index] = 0;
    this.facts.setSharing(index, Sharing.shared);
  }

  /** Counts the requirements that a node waits for, and, if it will run, its uses of them. */
  #countUnsettled(index: number): number {
    const { edges, firstEdge, endEdge } = this.#graph;
    const runs = this.#runs[index] === 1;
    let waiting = 0;
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
      const required = edges[edge]!;
      if (runs) this.#uses[required]!++;
      if (this.#statuses[required]! < done && (runs || this.#isCompared(required))) waiting++;
    }
    return waiting;
  }

  /** True when a load waits for this requirement, to compare its result with the one behind the checkpoint. */
  #isCompared(required: number): boolean {
    if (this.#runs[required] === 0) return this.facts.isSavedMeanwhile(required);
    return this.#graph.nodes[required]!.task.save;
  }

  /** Counts a settled requirement of a node, which becomes ready with the last one. */
  #wake(dependent: number, required: number): void {
    if (this.#waiting[dependent] === 0 || !this.#isPending(dependent)) return;
    const hasCounted =
      this.#runs[dependent] === 1 ||
      (this.#isCompared(required) && this.#rounds[required]! <= this.#rounds[dependent]!);
    if (hasCounted && --this.#waiting[dependent]! === 0) this.#pushReady(dependent);
  }

  #hasFailedInput(index: number): boolean {
    if (!this.#hasFailed || this.#runs[index] === 0) return false;
    return this.#graph.requirementsOf(index).some((required) => this.#statuses[required]! >= failed);
  }

  /** Skips the nodes that cannot run without this one, and stops loads from waiting for it. */
  #skipDependents(index: number, unable: number[]): void {
    const stack = [index];
    while (stack.length > 0) {
      const at = stack.pop()!;
      for (const dependent of this.dependentsOf(at)) {
        if (this.#statuses[dependent] !== willRun) {
          this.#wake(dependent, at);
          continue;
        }
        this.#move(dependent, skipped, allowedBefore.skip);
        this.#notify(dependent, undefined);
        if (this.#rounds[dependent]! > 0) this.#releaseInputs(dependent);
        unable.push(dependent);
        stack.push(dependent);
      }
    }
  }

  #notify(index: number, outcome: Outcome | undefined): void {
    const listeners = this.#settleListeners.get(index);
    if (!listeners) return;
    this.#settleListeners.delete(index);
    for (const listener of listeners) listener(outcome);
  }

  /** Releases the results of requirements that a node used, or will not use. */
  #releaseInputs(index: number): void {
    const { edges, firstEdge, endEdge } = this.#graph;
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
      const required = edges[edge]!;
      if (--this.#uses[required]! === 0 && this.#statuses[required] === done) this.#release(required);
    }
  }

  #release(index: number): void {
    const result = this.#results[index];
    if (isResultHandle(result)) result.discard();
    this.#move(index, released, allowedBefore.release);
    this.#results[index] = undefined;
    this.facts.setSharing(index, Sharing.shared);
  }
}
