import { MemoryGuard } from '../base/memory';
import { DeclarationError } from '../task/declaration-error';
import { isTaskRef, type TaskRef } from '../task/ref';
import { showValue } from '../task/show';
import type { IdentifiedParams, PreparedParams } from './blueprint';
import { canonical, canonicalString, paramText } from './canonical';
import type { Kind, Kinds } from './kinds';
import { GraphNode } from './node';
import { SchemaAnswers } from './schema-answers';

/** What making nodes needs of a graph. */
export interface NodeMakerOptions {
  readonly kinds: Kinds;
  /** More nodes than this are taken for a recursion without an end. */
  readonly maxNodes: number;
  /** Called once for each node, as soon as it is there. */
  onAdded(): void;
}

/** Makes the nodes of one graph: one for each task and params. */
export class NodeMaker {
  /** In the order in which they were made, so by index. */
  readonly nodes: GraphNode[] = [];
  /** Nodes of refs that are parts of params. */
  readonly carried = new Map<TaskRef<unknown>, GraphNode>();
  readonly kinds: Kinds;
  readonly #options: NodeMakerOptions;
  readonly #answers = new SchemaAnswers();
  readonly #givenTexts = new GivenTexts();
  readonly #memory = new MemoryGuard();

  constructor(options: NodeMakerOptions) {
    this.#options = options;
    this.kinds = options.kinds;
  }

  /** The one node of a ref's task and params; a promise when it must be asked for again later. */
  of(ref: TaskRef<unknown>): GraphNode | Promise<unknown> {
    const kind = this.kinds.of(ref.task);
    if (kind instanceof Promise) return kind;
    const { blueprint, nodes } = kind;
    const identity = blueprint.plainIdentity(ref.params);
    if (identity !== undefined)
      return nodes.get(identity) ?? this.#add(kind, identity, blueprint.preparePlain(ref.params));
    const carried = this.carried.size > 0 ? this.carried.get(ref) : undefined;
    if (carried) return carried;
    const prepared = blueprint.prepare(ref.params, this.#answers);
    if (prepared instanceof Promise) return prepared;
    const { refs } = prepared;
    for (let i = 0; i < refs.length; i++) {
      if (!this.carried.has(refs[i]!)) return this.#carry(refs);
    }
    return this.#nodeOf(kind, prepared);
  }

  /** Makes nodes of refs inside params, and of refs inside theirs, without recursion. */
  async #carry(refs: readonly TaskRef<unknown>[]): Promise<void> {
    const stack = [...refs];
    /** Those whose own refs are being carried. */
    const open = new Set<TaskRef<unknown>>();
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (this.carried.has(top)) {
        stack.pop();
        continue;
      }
      const kind = await this.kinds.of(top.task);
      const prepared = kind && (await kind.blueprint.prepare(top.params, this.#answers));
      if (!kind || !isPrepared(prepared)) continue;
      const missing = prepared.refs.filter((inner) => !this.carried.has(inner));
      if (missing.length > 0) {
        open.add(top);
        if (missing.some((inner) => open.has(inner)))
          throw new DeclarationError(`the params of ${showValue(top)} contain a ref that contains itself (a cycle)`);
        for (const inner of missing) stack.push(inner);
        continue;
      }
      this.carried.set(top, this.#nodeOf(kind, prepared));
      open.delete(top);
      stack.pop();
    }
  }

  #nodeOf(kind: Kind, prepared: IdentifiedParams): GraphNode {
    const ofParams = prepared.identity ?? this.#carryingText(kind, prepared);
    const { givenText } = prepared;
    const { handsOn } = kind.blueprint;
    // Marked, since it is not the text of the params alone.
    const identity = givenText === '' || !handsOn ? ofParams : `~${ofParams}~${givenText}`;
    const known = kind.nodes.get(identity);
    const node = known ?? this.#add(kind, identity, prepared);
    if (handsOn === undefined) this.#givenTexts.record(node, givenText, known === undefined);
    return node;
  }

  /** Called before a node hands params on that its class is not known to hand on. */
  willHandOn(node: GraphNode): void {
    this.#givenTexts.willHandOn(node);
  }

  /** The canonical text of params that hold refs. */
  #carryingText({ blueprint }: Kind, { params }: PreparedParams): string {
    let text = '{';
    for (const { name } of blueprint.task.params) {
      const value = params[name];
      if (value !== undefined) text += canonicalString(name) + paramText(value, (part) => this.#carriedText(part));
    }
    return `${text}}`;
  }

  #carriedText(value: object): string | undefined {
    return isTaskRef(value) ? `@${this.carried.get(value)!.index};${canonical(value.path)}` : undefined;
  }

  #refuseIfScarce(count: number): void {
    const used = this.#memory.look();
    if (used === undefined) return;
    throw new DeclarationError(
      `${used}, and the graph has ${count} nodes so far: does a task require itself with ever new params? (node --max-old-space-size=MEGABYTES gives more memory)`,
    );
  }

  #add(kind: Kind, identity: string | number, prepared: PreparedParams): GraphNode {
    const index = this.nodes.length;
    const { maxNodes } = this.#options;
    if (index >= maxNodes) {
      throw new DeclarationError(
        `the graph has more than ${maxNodes} nodes: does a task require itself with ever new params? (the runner's option maxNodes raises the limit)`,
      );
    }
    if (index % guardedNodes === 0 && index > 0) this.#refuseIfScarce(index);
    Object.freeze(prepared.params);
    if (prepared.given !== prepared.params) Object.freeze(prepared.given);
    const node = new GraphNode(index, kind.blueprint.task, identity, prepared);
    kind.nodes.set(identity, node);
    this.nodes.push(node);
    this.#options.onAdded();
    return node;
  }
}

/** Memory is looked at once in so many nodes. */
const guardedNodes = 64;

function isPrepared(value: unknown): value is IdentifiedParams {
  return typeof value === 'object' && value !== null && 'params' in value;
}

/**
 * Notices nodes for which it matters which of several refs made them: their schemas made the same of different values,
 * and these are handed on.
 */
class GivenTexts {
  readonly #texts = new Map<GraphNode, string>();
  readonly #ambiguous = new Set<GraphNode>();
  readonly #handedOn = new Set<GraphNode>();

  record(node: GraphNode, text: string, isNew: boolean): void {
    if (isNew) {
      if (text !== '') this.#texts.set(node, text);
      return;
    }
    if ((this.#texts.get(node) ?? '') === text) return;
    this.#ambiguous.add(node);
    if (this.#handedOn.has(node)) throw ambiguous(node);
  }

  willHandOn(node: GraphNode): void {
    if (this.#ambiguous.has(node)) throw ambiguous(node);
    this.#handedOn.add(node);
  }
}

function ambiguous(node: GraphNode): DeclarationError {
  return new DeclarationError(
    `${node} received different values that its schemas map to the same value, and passes them on to a class returned by a function in @Requires: pass its params explicitly, as in @Requires(() => TheTask, (self) => ({ … }))`,
  );
}
