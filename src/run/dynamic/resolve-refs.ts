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

/** The path by which the targets of an execution came to be required: a chain of results with refs. */
export class RefPath {
  /** The number of results on the path. */
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

  /** The nodes on the path as text, in order; the middle of a long path is left out. */
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

/** A node whose result holds refs. */
interface RefHolder extends ResultMetadata {
  readonly execution: ExecutionPeer;
  readonly node: GraphNode;
  /** The path by which it came to be required, including itself. */
  readonly refPath: RefPath;
  /** True when something depends on it and needs its provenance. */
  readonly isTraced: boolean;
}

/** A result whose refs are resolved. */
export interface Resolution extends Omit<ResultMetadata, 'key'> {
  /** The result with results in place of refs. */
  readonly value: unknown;
  readonly provenance: Provenance;
}

/** The execution of refs. */
export interface ChildExecution {
  /** The execution, as others of the run see it. */
  readonly view: ExecutionPeer;
  /** Runs to the end. Returns whether every target has a result. */
  complete(): Promise<boolean>;
  /** The targets with the metadata of their results, once these are there. */
  targets(): readonly TargetResult[];
  value(): unknown;
  /** True when the result of a target still holds refs. */
  isUnresolved(): boolean;
  /** The clear marks on a node and its ancestors that the run saw. */
  marksOn(node: GraphNode): readonly string[];
}

/** Starts the execution of a structure of refs in the same run. */
type StartChild = (
  structure: unknown,
  options: { readonly resolvesTargets: boolean; readonly refPath: RefPath; readonly isTraced: boolean },
) => Promise<ChildExecution>;

/** Thrown when the target of a ref has no result; the errors of the run contain the cause. */
export class UnresolvedError extends Error {}

/** The number of steps after which a long chain yields to the event loop. */
const sliceSteps = 64;

/** Runs the refs in results, for all executions of one run. */
export class RefResolver {
  readonly claims: NodeClaims;
  readonly #startChild: StartChild;
  readonly #state: RunState;
  readonly #activity: InFlightCounter;
  readonly #maxDepth: number;
  readonly #memory = new MemoryGuard();

  /** @param maxDepth the limit of results that hold refs to each other */
  constructor(startChild: StartChild, state: RunState, activity: InFlightCounter, maxDepth: number) {
    this.#maxDepth = maxDepth;
    this.#startChild = startChild;
    this.#state = state;
    this.#activity = activity;
    this.claims = new NodeClaims(state, activity);
  }

  /**
   * Runs or loads the targets of the refs in a result.
   *
   * A task whose result is a ref itself is done when the target of the ref is done: such a chain is followed step by
   * step, and nothing is kept of a step once the next one starts.
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
      const endChild = this.claims.addChild(holder.node, child.view);
      try {
        if (!(await child.complete())) throw new UnresolvedError();
      } finally {
        endChild();
      }
      const targets = child.targets();
      if (holder.isTraced) trace(provenance, key, node, child);
      if (targets.some((target) => target.isComputedNow)) isComputedNow = true;
      // A chain has the result and the digest of its last step, regardless of which execution resolved the steps.
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

  /** @throws {TidemarkError} when results hold refs to each other without end */
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

/** The number of results between two checks of memory. */
const memoryCheckInterval = 16;

/** Collects the results of the refs in one result, and their provenance. */
function trace(provenance: Provenance, key: TaskKey | undefined, node: GraphNode, child: ChildExecution): void {
  const targets = child.targets();
  if (key !== undefined) provenance.add(key, node, refsTo(targets));
  for (const target of targets) {
    provenance.addMarks(child.marksOn(target.node));
    if (target.provenance) provenance.addAll(target.provenance);
  }
}

/** The metadata of a target once its result is there. */
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

/** Detects a chain that repeats itself, in constant memory: it remembers one key at a time. */
class LoopDetector {
  #mark: TaskKey | undefined;
  #steps = 0;
  #limit = 1;

  constructor(first: TaskKey | undefined) {
    this.#mark = first;
  }

  /** The number of steps since this key last occurred; undefined when it has not. */
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
