import { hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TidemarkError } from '../../base/error';
import { MemoryGuard } from '../../base/memory-guard';
import { type Graph, pathTo } from '../../graph/graph';
import type { GraphNode } from '../../graph/node';
import type { TaskKey } from '../../task/context';
import { isTaskRef, TaskRef } from '../../task/ref';
import type { InFlightCounter, RunState } from '../run-state';
import { type ExecutionPeer, NodeClaims, type ResultMetadata } from './node-claims';
import { type KeyedRefs, Provenance, refParams } from './provenance';

const shownResults = 10;

/** How the targets of an execution came to be required: by a result that holds refs, whose task was named by another. */
export class RefPath {
  /** How many results there are on it. */
  readonly depth: number;
  readonly #before: RefPath | undefined;
  readonly #graph: Graph;
  readonly #index: number;

  /** @param index the node whose result holds refs */
  constructor(before: RefPath | undefined, graph: Graph, index: number) {
    this.depth = (before?.depth ?? 0) + 1;
    this.#before = before;
    this.#graph = graph;
    this.#index = index;
  }

  /** The nodes on it as text, the first one first; the middle of a long one is left out. */
  toTexts(): readonly string[] {
    const { depth } = this;
    const parts: (readonly string[])[] = [];
    for (let at: RefPath | undefined = this; at; at = at.#before) {
      const isShown = depth - at.depth < shownResults || at.depth <= shownResults;
      if (isShown) parts.push(pathTo(at.#graph, at.#index));
      else if (at.depth === shownResults + 1) parts.push([`… ${depth - 2 * shownResults} more …`]);
    }
    return parts.reverse().flat();
  }
}

/** Whose result holds refs. */
interface RefHolder extends ResultMetadata {
  readonly execution: ExecutionPeer;
  readonly node: GraphNode;
  /** How it came to be required, itself included. */
  readonly refPath: RefPath;
  /** Whether something comes from it, which has to know what it came from. */
  readonly isTraced: boolean;
}

/** What became of a result that held refs. */
export interface Resolution extends Omit<ResultMetadata, 'key'> {
  /** With results in the place of refs. */
  readonly value: unknown;
  readonly provenance: Provenance;
}

/** The execution of what refs name. */
export interface ChildExecution {
  /** The execution, as others of the run see it. */
  readonly view: ExecutionPeer;
  /** Runs to the end. Gives whether all that was wanted is there. */
  complete(): Promise<boolean>;
  /** Each of what was wanted, once it is there. */
  targets(): readonly TargetResult[];
  value(): unknown;
  /** Whether what was wanted is a single result that still holds refs. */
  isUnresolved(): boolean;
  /** The clear marks on a node and its ancestors that the run saw. */
  marksOn(node: GraphNode): readonly string[];
}

/** Starts the execution of a structure of refs in the same run. */
type StartChild = (
  structure: unknown,
  options: { readonly resolvesTargets: boolean; readonly refPath: RefPath; readonly isTraced: boolean },
) => Promise<ChildExecution>;

/** Something that refs led to has no result; why is in the errors of the run. */
export class UnresolvedError extends Error {}

/** Long chains let other work have its turn this often. */
const sliceSteps = 64;

/** Runs what results turn out to hold refs to, for all executions of one run. */
export class RefResolver {
  readonly claims: NodeClaims;
  readonly #startChild: StartChild;
  readonly #state: RunState;
  readonly #activity: InFlightCounter;
  readonly #maxDepth: number;
  readonly #memory = new MemoryGuard();

  /** @param maxDepth how many results may hold refs to each other */
  constructor(startChild: StartChild, state: RunState, activity: InFlightCounter, maxDepth: number) {
    this.#maxDepth = maxDepth;
    this.#startChild = startChild;
    this.#state = state;
    this.#activity = activity;
    this.claims = new NodeClaims(state, activity);
  }

  /**
   * Runs or loads what the refs in a result name.
   *
   * A task that gives a ref alone is done when that one is: such a chain is followed step by step, and of a step
   * nothing is kept once it has led to the next.
   *
   * @throws {UnresolvedError} when one of them has no result
   * @throws {DeclarationError} when a ref is wrong
   */
  async resolve(holder: RefHolder, result: unknown): Promise<Resolution> {
    this.#assertDepth(holder.refPath);
    this.claims.activate(holder.execution);
    const provenance = new Provenance();
    let { digest, isComputedNow, key, node } = holder;
    const loop = new LoopDetector(key);
    let value = result;
    for (let step = 1; ; step++) {
      const isChain = isTaskRef(value) && value.path.length === 0;
      const child = await this.#activity.track(
        this.#startChild(value, { resolvesTargets: !isChain, refPath: holder.refPath, isTraced: holder.isTraced }),
      );
      const letGo = this.claims.addChild(holder.node, child.view);
      try {
        if (!(await child.complete())) throw new UnresolvedError();
      } finally {
        letGo();
      }
      const targets = child.targets();
      if (holder.isTraced) trace(provenance, key, node, child);
      if (targets.some((target) => target.isComputedNow)) isComputedNow = true;
      // Of a chain, others get what its last step gives: however much of it was resolved elsewhere, that is one digest.
      digest = isChain ? targets[0]!.digest : combined(digest, targets);
      value = child.value();
      if (!isChain || !child.isUnresolved()) return { value, digest, isComputedNow, provenance };
      [{ key, node }] = targets as [TargetResult];
      const repeats = loop.meet(key);
      if (repeats)
        throw new TidemarkError(
          `its result is a ref that leads back to itself: ${targets[0]!.node} came up again after ${repeats} ${repeats === 1 ? 'step' : 'steps'}`,
        );
      if (this.#state.isEnding) throw new UnresolvedError();
      if (step % sliceSteps === 0) await this.#activity.track(nextTurn());
    }
  }

  /** @throws {TidemarkError} when results hold refs to each other without an end */
  #assertDepth({ depth }: RefPath): void {
    const used = depth % memoryCheckInterval === 0 ? this.#memory.check() : undefined;
    if (used === undefined && depth <= this.#maxDepth) return;
    const problem =
      used === undefined
        ? `more than ${this.#maxDepth} results hold refs to each other`
        : `${used}, and ${depth} results hold refs to each other so far`;
    throw new TidemarkError(
      `${problem}: does a task name itself in its result with ever new params? A loop gives the ref alone, of which nothing is kept (the runner's option maxNodes raises the limit)`,
    );
  }
}

/** Memory is looked at once in so many results. */
const memoryCheckInterval = 16;

/** Notes what refs in the result of a key led to, and what that came from. */
function trace(provenance: Provenance, key: TaskKey | undefined, node: GraphNode, child: ChildExecution): void {
  const targets = child.targets();
  if (key !== undefined) provenance.add(key, node, refsTo(targets));
  for (const target of targets) {
    provenance.addMarks(child.marksOn(target.node));
    if (target.provenance) provenance.addAll(target.provenance);
  }
}

/** What is known of a target once it is there. */
export interface TargetResult extends ResultMetadata {
  readonly node: GraphNode;
}

/** A ref to each target, with its key. */
function refsTo(targets: readonly TargetResult[]): KeyedRefs {
  return targets.flatMap(({ key, node }) =>
    key === undefined ? [] : [[key, TaskRef.create(node.task.cls, refParams(node))] as const],
  );
}

function combined(digest: string | undefined, targets: readonly TargetResult[]): string | undefined {
  let text = digest;
  for (const target of targets) text = text && target.digest && `${text} ${target.digest}`;
  return text && hash('sha256', text, 'hex');
}

/** Finds out that a chain repeats itself, however long it is, by remembering one of its keys at a time. */
class LoopDetector {
  #mark: TaskKey | undefined;
  #steps = 0;
  #limit = 1;

  constructor(first: TaskKey | undefined) {
    this.#mark = first;
  }

  /** How many steps ago this key was met; undefined when it was not. */
  meet(key: TaskKey | undefined): number | undefined {
    this.#steps++;
    if (key !== undefined && key === this.#mark) return this.#steps;
    if (this.#steps === this.#limit) {
      this.#mark = key;
      this.#steps = 0;
      this.#limit *= 2;
    }
    return undefined;
  }
}
