import { TidemarkError } from '../../base/error';
import type { GraphNode } from '../../graph/node';
import { distinctKeysAdvice, haveSameParams } from '../../storage/custom-key';
import type { TaskKey } from '../../task/context';
import { DeclarationError } from '../../task/errors';
import type { Outcome } from '../node-states';
import type { InFlightCounter, RunState } from '../run-state';
import type { Provenance } from './provenance';

/** What is known of a node's result besides its value. */
export interface ResultMetadata {
  readonly key: TaskKey | undefined;
  /** Identifies it and all that its refs led to, when all of that was encoded or loaded. */
  readonly digest: string | undefined;
  /** Whether any of it was computed in this run. */
  readonly isComputedNow: boolean;
  readonly provenance: Provenance | undefined;
}

/** One of the executions of a run, as the others see it. */
export interface ExecutionPeer {
  /** Whether something only waits for room. */
  readonly canStart: boolean;
  /** The nodes that have begun and of which more than a memory is left, with their keys. */
  startedNodes(): Iterable<readonly [TaskKey, GraphNode]>;
  /** Whether a node has a result, or is about to have one. */
  mayHave(node: GraphNode): boolean;
  metadataOf(node: GraphNode): ResultMetadata;
  /** Calls back with a node's result once it is there, or with undefined when there will be none. */
  onSettled(node: GraphNode, callback: (outcome: Outcome | undefined) => void): void;
  /** The first requirement of a node that is not there yet; of none, the first of what is wanted. */
  firstUnsettled(node: GraphNode | undefined): GraphNode | undefined;
}

/** Who computes or loads a key in this run. */
export interface Claim {
  readonly execution: ExecutionPeer;
  readonly node: GraphNode;
}

/**
 * Sees to it that a node runs once in a run, though several executions have it: the first one to begin it has it,
 * the others wait. Nothing is kept as long as there is only one execution.
 */
export class NodeClaims {
  readonly #state: RunState;
  readonly #activity: InFlightCounter;
  readonly #byKey = new Map<TaskKey, Claim>();
  readonly #waits = new Map<GraphNode, { readonly claim: Claim; readonly giveUp: () => void }>();
  /** What runs for the refs in a node's result. */
  readonly #children = new Map<GraphNode, ExecutionPeer>();
  #first: ExecutionPeer | undefined;
  #goneCount = 0;

  constructor(state: RunState, activity: InFlightCounter) {
    this.#state = state;
    this.#activity = activity;
    state.onEnding(() => this.#giveUpWaits());
  }

  /** From now on there are several executions. @param first the one that there was before */
  activate(first: ExecutionPeer): void {
    if (this.#first) return;
    this.#first = first;
    this.#activity.onIdle = () => this.#failOnDeadlock();
    for (const [key, node] of first.startedNodes()) this.#byKey.set(key, { execution: first, node });
  }

  /**
   * Claims a key. Gives who has it already, if somebody else does.
   *
   * @throws {DeclarationError} when a key of the task's own making is that of other params as well
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

  /** How many executions, or results of theirs, are gone: what was saved may not have been there when others looked. */
  get goneCount(): number {
    return this.#goneCount;
  }

  /** Notes that a node waits for what its refs lead to. Gives what to call when that is over. */
  addChild(node: GraphNode, child: ExecutionPeer): () => void {
    this.#children.set(node, child);
    return () => {
      this.#goneCount++;
      this.#children.delete(node);
      for (const [key, mine] of child.startedNodes()) if (this.#byKey.get(key)?.node === mine) this.#byKey.delete(key);
    };
  }

  /** Waits for the result of a node that somebody else has. Gives undefined when there will be none. */
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

  /** Nothing is under way, nothing can start, and something waits: it waits for itself. */
  #failOnDeadlock(): void {
    if (this.#waits.size === 0 || this.#state.isEnding) return;
    const executions = [this.#first!, ...this.#children.values()];
    if (executions.some((execution) => execution.canStart)) return;
    // A node that several executions have stands there once for each.
    const cycle = this.#cycle().map(String);
    const shown = cycle.filter((name, i) => name !== cycle[i - 1]);
    if (shown.length === 1) shown.push(shown[0]!);
    this.#state.endBy(
      new TidemarkError(`these tasks wait for each other in a circle:\n    ${shown.join('\n    waits for ')}`),
    );
  }

  /** The nodes of a circle, the first one again at the end. */
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

  /** What a node that is not over waits for. */
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
