import { TidemarkError } from '../../base/error';
import type { GraphNode } from '../../graph/node';
import { distinctKeysAdvice, haveSameParams } from '../../storage/custom-key';
import type { TaskKey } from '../../task/context';
import { DeclarationError } from '../../task/errors';
import type { Outcome } from '../node-states';
import type { InFlightCounter, RunState } from '../run-state';
import type { Provenance } from './provenance';

/** The metadata of a node's result. */
export interface ResultMetadata {
  readonly key: TaskKey | undefined;
  /** Identifies the result and those of its refs, when all of them were encoded or loaded. */
  readonly digest: string | undefined;
  /** True when any part of it was computed in this run. */
  readonly isComputedNow: boolean;
  readonly provenance: Provenance | undefined;
}

/** One of the executions of a run, as the others see it. */
export interface ExecutionPeer {
  /** True while a ready node only waits for a slot. */
  readonly canStart: boolean;
  /** The nodes that have started and still run or have a result, with their keys. */
  startedNodes(): Iterable<readonly [TaskKey, GraphNode]>;
  /** True when a node has a result or may soon have one. */
  mayHave(node: GraphNode): boolean;
  metadataOf(node: GraphNode): ResultMetadata;
  /** Calls back with a node's result once it is there, or with undefined when it has none. */
  onSettled(node: GraphNode, callback: (outcome: Outcome | undefined) => void): void;
  /** The first unsettled requirement of a node, or, without a node, the first unsettled target. */
  firstUnsettled(node: GraphNode | undefined): GraphNode | undefined;
}

/** The execution that computes or loads a key in this run. */
export interface Claim {
  readonly execution: ExecutionPeer;
  readonly node: GraphNode;
}

/**
 * Ensures that a node of several executions runs once in a run: the first execution to start it claims it, and the
 * others wait. Claims are only recorded once there is more than one execution.
 */
export class NodeClaims {
  readonly #state: RunState;
  readonly #activity: InFlightCounter;
  readonly #byKey = new Map<TaskKey, Claim>();
  readonly #waits = new Map<GraphNode, { readonly claim: Claim; readonly giveUp: () => void }>();
  /** The executions of the refs in results, by node. */
  readonly #children = new Map<GraphNode, ExecutionPeer>();
  #first: ExecutionPeer | undefined;
  #goneCount = 0;

  constructor(state: RunState, activity: InFlightCounter) {
    this.#state = state;
    this.#activity = activity;
    state.onEnding(() => this.#giveUpWaits());
  }

  /** Starts recording claims, since there are several executions. @param first the execution so far */
  activate(first: ExecutionPeer): void {
    if (this.#first) return;
    this.#first = first;
    this.#activity.onIdle = () => this.#failOnDeadlock();
    for (const [key, node] of first.startedNodes()) this.#byKey.set(key, { execution: first, node });
  }

  /**
   * Claims a key. Returns the existing claim when another execution has it.
   *
   * @throws {DeclarationError} when the task's own key also belongs to other params
   */
  claim(key: TaskKey, execution: ExecutionPeer, node: GraphNode): Claim | undefined {
    const known = this.#byKey.get(key);
    if (known && known.execution !== execution) {
      assertSameParams(key, known.node, node);
      if (known.execution.mayHave(known.node)) return known;
      this.#goneCount++;
    }
    this.#byKey.set(key, { execution, node });
    return undefined;
  }

  get isActive(): boolean {
    return this.#first !== undefined;
  }

  /** The number of executions and results dropped so far: others may have looked them up before they were saved. */
  get goneCount(): number {
    return this.#goneCount;
  }

  /** Records that a node waits for the execution of its refs. Returns a function to call when that is over. */
  addChild(node: GraphNode, child: ExecutionPeer): () => void {
    this.#children.set(node, child);
    return () => {
      this.#goneCount++;
      this.#children.delete(node);
      for (const [key, mine] of child.startedNodes()) if (this.#byKey.get(key)?.node === mine) this.#byKey.delete(key);
    };
  }

  /** Waits for the result of a node that another execution has. Resolves to undefined when it has none. */
  async waitForOutcome(node: GraphNode, claim: Claim): Promise<Outcome | undefined> {
    if (this.#state.isEnding) return undefined;
    const outcome = await new Promise<Outcome | undefined>((resolve) => {
      this.#waits.set(node, { claim, giveUp: () => resolve(undefined) });
      claim.execution.onSettled(claim.node, resolve);
      this.#activity.watch();
    });
    this.#waits.delete(node);
    if (this.#waits.size === 0) this.#activity.unwatch();
    return outcome;
  }

  #giveUpWaits(): void {
    for (const { giveUp } of [...this.#waits.values()]) giveUp();
  }

  /** Ends the run when nodes wait, but no work is in flight and no node can start: they wait for each other. */
  #failOnDeadlock(): void {
    if (this.#waits.size === 0 || this.#state.isEnding) return;
    const executions = [this.#first!, ...this.#children.values()];
    if (executions.some((execution) => execution.canStart)) return;
    // The cycle contains a node of several executions once for each of them.
    const cycle = this.#cycle().map(String);
    const shown = cycle.filter((name, i) => name !== cycle[i - 1]);
    if (shown.length === 1) shown.push(shown[0]!);
    this.#state.endBy(
      new TidemarkError(`these tasks wait for each other in a circle:\n    ${shown.join('\n    waits for ')}`),
    );
  }

  /** The nodes of a cycle, the first one again at the end. */
  #cycle(): readonly GraphNode[] {
    for (const { claim } of this.#waits.values()) {
      const way: Claim[] = [claim];
      for (let at: Claim | undefined = claim; (at = this.#nextInCycle(at)); ) {
        const start = way.findIndex(({ node }) => node === at!.node);
        way.push(at);
        if (start >= 0) return way.slice(start).map(({ node }) => node);
      }
    }
    return [...this.#waits.keys()];
  }

  /** The node for which an unsettled node waits. */
  #nextInCycle({ execution, node }: Claim): Claim | undefined {
    const waited = this.#waits.get(node);
    if (waited) return waited.claim;
    const child = this.#children.get(node);
    const next = child ? child.firstUnsettled(undefined) : execution.firstUnsettled(node);
    return next && { execution: child ?? execution, node: next };
  }
}

/** Compares the params of two nodes with one key. @throws {DeclarationError} when they differ */
export function assertSameParams(key: TaskKey, one: GraphNode, other: GraphNode): void {
  if (!one.task.options.key || haveSameParams(one, other)) return;
  throw new DeclarationError(
    `${one} and ${other} have the same key ${key}, but different params: ${distinctKeysAdvice}`,
  );
}
