import { hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryGuard } from '../base/memory';
import { TidemarkError } from '../error';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import { isTaskRef, TaskRef } from '../task/ref';
import type { Activity } from './activity';
import { Claims, type Facts, type Participant } from './claims';
import { Provenance, type Refs, refParams } from './provenance';
import type { RunState } from './run-state';
import type { Way } from './way';

/** Whose result holds refs. */
export interface Holder extends Facts {
  readonly execution: Participant;
  readonly node: GraphNode;
  /** How it came to be required, itself included. */
  readonly way: Way;
  /** Whether something comes from it, which has to know what it came from. */
  readonly isTraced: boolean;
}

/** What became of a result that held refs. */
export interface Resolution extends Omit<Facts, 'key'> {
  /** With results in the place of refs. */
  readonly value: unknown;
  readonly provenance: Provenance;
}

/** The execution of what refs name. */
export interface Child extends Participant {
  /** Runs to the end. Gives whether all that was wanted is there. */
  complete(): Promise<boolean>;
  /** Each of what was wanted, once it is there. */
  targets(): readonly Target[];
  value(): unknown;
  /** Whether what was wanted is a single result that still holds refs. */
  holdsRaw(): boolean;
  /** The clear marks on a node and its ancestors that the run saw. */
  marksOn(node: GraphNode): readonly string[];
}

/** Starts the execution of a structure of refs in the same run. */
export type StartChild = (
  structure: unknown,
  options: { readonly resolvesTargets: boolean; readonly way: Way; readonly isTraced: boolean },
) => Promise<Child>;

/** Something that refs led to has no result; why is in the errors of the run. */
export class UnresolvedError extends Error {}

/** Long chains let other work have its turn this often. */
const sliceSteps = 64;

/** Runs what results turn out to hold refs to, for all executions of one run. */
export class Dynamic {
  readonly claims: Claims;
  readonly #startChild: StartChild;
  readonly #state: RunState;
  readonly #activity: Activity;
  readonly #maxDepth: number;
  readonly #memory = new MemoryGuard();

  /** @param maxDepth how many results may hold refs to each other */
  constructor(startChild: StartChild, state: RunState, activity: Activity, maxDepth: number) {
    this.#maxDepth = maxDepth;
    this.#startChild = startChild;
    this.#state = state;
    this.#activity = activity;
    this.claims = new Claims(state, activity);
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
  async resolve(holder: Holder, result: unknown): Promise<Resolution> {
    this.#refuseEndless(holder.way);
    this.claims.activate(holder.execution);
    const provenance = new Provenance();
    let { digest, ranAnew, key, node } = holder;
    const loop = new LoopDetector(key);
    let value = result;
    for (let step = 1; ; step++) {
      const isChain = isTaskRef(value) && value.path.length === 0;
      const child = await this.#activity.during(
        this.#startChild(value, { resolvesTargets: !isChain, way: holder.way, isTraced: holder.isTraced }),
      );
      const letGo = this.claims.resolving(holder.node, child);
      try {
        if (!(await child.complete())) throw new UnresolvedError();
      } finally {
        letGo();
      }
      const targets = child.targets();
      if (holder.isTraced) trace(provenance, key, node, child);
      if (targets.some((target) => target.ranAnew)) ranAnew = true;
      // Of a chain, others get what its last step gives: however much of it was resolved elsewhere, that is one digest.
      digest = isChain ? targets[0]!.digest : combined(digest, targets);
      value = child.value();
      if (!isChain || !child.holdsRaw()) return { value, digest, ranAnew, provenance };
      [{ key, node }] = targets as [Target];
      const repeats = loop.meet(key);
      if (repeats)
        throw new TidemarkError(
          `its result is a ref that leads back to itself: ${targets[0]!.node} came up again after ${repeats} ${repeats === 1 ? 'step' : 'steps'}`,
        );
      if (this.#state.isEnding) throw new UnresolvedError();
      if (step % sliceSteps === 0) await this.#activity.during(nextTurn());
    }
  }

  /** @throws {TidemarkError} when results hold refs to each other without an end */
  #refuseEndless({ depth }: Way): void {
    const used = depth % guardedResults === 0 ? this.#memory.look() : undefined;
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
const guardedResults = 16;

/** Notes what refs in the result of a key led to, and what that came from. */
function trace(provenance: Provenance, key: TaskKey | undefined, node: GraphNode, child: Child): void {
  const targets = child.targets();
  if (key !== undefined) provenance.add(key, node, refsTo(targets));
  for (const target of targets) {
    provenance.addMarks(child.marksOn(target.node));
    if (target.provenance) provenance.addAll(target.provenance);
  }
}

/** What is known of a target once it is there. */
export interface Target extends Facts {
  readonly node: GraphNode;
}

/** A ref to each target, with its key. */
function refsTo(targets: readonly Target[]): Refs {
  return targets.flatMap(({ key, node }) =>
    key === undefined ? [] : [[key, TaskRef.of(node.task.cls, refParams(node))] as const],
  );
}

function combined(digest: string | undefined, targets: readonly Target[]): string | undefined {
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
