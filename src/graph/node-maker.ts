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
          throw new DeclarationError(`the params of ${showValue(top)} hold a ref that holds itself (a cycle)`);
        for (const inner of missing) stack.push(inner);
        continue;
      }
      this.carried.set(top, this.#nodeOf(kind, prepared));
      open.delete(top);
      stack.pop();
    }
  }

  #nodeOf(kind: Kind, prepared: IdentifiedParams): GraphNode {
    const identity = prepared.identity ?? this.#carryingText(kind, prepared);
    return kind.nodes.get(identity) ?? this.#add(kind, identity, prepared);
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

  #add(kind: Kind, identity: string | number, prepared: PreparedParams): GraphNode {
    const index = this.nodes.length;
    const { maxNodes } = this.#options;
    if (index >= maxNodes) {
      throw new DeclarationError(
        `the graph has more than ${maxNodes} nodes: does a task require itself with ever new params? (maxNodes in the runner's options raises the limit)`,
      );
    }
    Object.freeze(prepared.params);
    const node = new GraphNode(index, kind.blueprint.task, identity, prepared);
    kind.nodes.set(identity, node);
    this.nodes.push(node);
    this.#options.onAdded();
    return node;
  }
}

function isPrepared(value: unknown): value is IdentifiedParams {
  return typeof value === 'object' && value !== null && 'params' in value;
}
