import { setImmediate } from 'node:timers/promises';
import { isPromiseLike } from '../awaitable';
import type { Container } from '../task/container';
import { DeclarationError } from '../task/declaration-error';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { isTaskRef, TaskRef } from '../task/ref';
import { showValue } from '../task/show';
import type { TaskClass } from '../task/task-class';
import { Blueprint, type PreparedParams, type SchemaAnswers } from './blueprint';
import { canonical, canonicalString } from './canonical';
import { abbreviate, type Graph, pathTo } from './graph';
import { Integers } from './integers';
import { GraphNode, NodePart, type Template } from './node';
import { mapStructure, TooDeepError } from './structure';
import { Handed, written } from './written';

/** What expanding needs to know. */
export interface ExpandOptions {
  readonly container: Container;
  /** Kept from one graph to the next. */
  readonly blueprints: Map<TaskDefinition, Blueprint>;
  /** More nodes than this are taken for a recursion without an end. */
  readonly maxNodes: number;
}

/**
 * Works out the graph that a target needs: depth first, without recursion, one node per task and params.
 *
 * @param target any structure of task refs and task classes
 * @throws {DeclarationError} for everything that can be wrong before anything runs
 */
export async function expand(target: unknown, options: ExpandOptions): Promise<Graph> {
  return new Expansion(options).expand(target);
}

/** The blueprint of a task in one graph, with its nodes by identity. */
interface Kind {
  readonly blueprint: Blueprint;
  readonly nodes: Map<string | number, GraphNode>;
}

/** Cursors of nodes that were not entered, and that were left. */
const notEntered = -1;
const left = -2;
// Long expansions let other work have its turn this often.
const sliceNodes = 4_096;
const sliceMilliseconds = 30;

class Expansion {
  readonly #options: ExpandOptions;
  readonly #kinds = new Map<TaskClass, Kind>();
  readonly #classByName = new Map<string, TaskClass>();
  readonly #answers: SchemaAnswers = new Map();
  /** Nodes of refs that are parts of params. */
  readonly #carried = new Map<TaskRef<unknown>, GraphNode>();

  readonly #nodes: GraphNode[] = [];
  readonly #edges = new Integers();
  readonly #order = new Integers();
  // By node:
  readonly #firstEdge = new Integers();
  readonly #endEdge = new Integers();
  readonly #requiredBy = new Integers();
  /** The next edge to follow, or `notEntered`, or `left`. */
  readonly #cursor = new Integers();
  /** Which node a node was last an edge of, to leave out double edges. */
  readonly #lastEdgeOf = new Integers();

  constructor(options: ExpandOptions) {
    this.#options = options;
  }

  async expand(structure: unknown): Promise<Graph> {
    if (structure === null || (typeof structure !== 'object' && typeof structure !== 'function')) {
      throw new DeclarationError(
        `there is no task to run: ${showValue(structure)} was given. In files that import each other a class may not be there yet`,
      );
    }
    const { templates, children } = await this.#linked(() => this.#link([structure], undefined));
    const targets = [...new Set(children)];
    for (const node of targets) await this.#visit(node.index);
    for (const node of this.#nodes) Object.freeze(node);
    return Object.freeze({
      nodes: Object.freeze(this.#nodes),
      order: this.#order.taken(),
      edges: this.#edges.taken(),
      firstEdge: this.#firstEdge.taken(),
      endEdge: this.#endEdge.taken(),
      requiredBy: this.#requiredBy.taken(),
      target: templates[0],
      targets: Object.freeze(targets),
      tasks: Array.from(this.#kinds.values(), ({ blueprint }) => blueprint.task),
      carried: this.#carried,
    });
  }

  /** Goes down from a node, depth first, and puts each node into the order once all that it requires is there. */
  async #visit(root: number): Promise<void> {
    if (this.#cursor.at(root) !== notEntered) return;
    const stack = [root];
    let sliceEnd = performance.now() + sliceMilliseconds;
    for (let steps = 1; stack.length > 0; steps++) {
      const at = stack[stack.length - 1]!;
      if (this.#cursor.at(at) === notEntered) {
        const pending = this.#enter(at);
        if (pending) await pending;
      }
      const next = this.#cursor.at(at);
      if (next === this.#endEdge.at(at)) {
        stack.pop();
        this.#cursor.set(at, left);
        this.#order.push(at);
        continue;
      }
      this.#cursor.set(at, next + 1);
      const child = this.#edges.at(next);
      const cursor = this.#cursor.at(child);
      if (cursor === notEntered) stack.push(child);
      else if (cursor !== left) throw this.#cycle(stack.slice(stack.indexOf(child)));
      if (steps % sliceNodes === 0 && performance.now() > sliceEnd) {
        await setImmediate();
        sliceEnd = performance.now() + sliceMilliseconds;
      }
    }
  }

  /** Asks a node what it requires. */
  #enter(index: number): Promise<void> | undefined {
    const node = this.#nodes[index]!;
    try {
      if (node.task.requirements.length === 0) return this.#finish(node, nothing);
      const structures = this.#ask(node);
      const linked = this.#link(structures, node);
      if (!(linked instanceof Promise)) return this.#finish(node, linked);
      return linked
        .then(() => this.#linked(() => this.#link(structures, node)))
        .then(
          (later) => this.#finish(node, later),
          (error) => this.#fail(error, index),
        );
    } catch (error) {
      return this.#fail(error, index);
    }
  }

  /** What a node's requirements are written as: structures of refs. */
  #ask(node: GraphNode): unknown[] {
    const { blueprint } = this.#kinds.get(node.task.cls)!;
    const self = blueprint.plan(node);
    return node.task.requirements.map((requirement) => written(node.task, requirement, self));
  }

  #finish(node: GraphNode, { templates, children }: Linked): undefined {
    const { index } = node;
    const first = this.#edges.length;
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!.index;
      if (this.#lastEdgeOf.at(child) === index) continue;
      this.#lastEdgeOf.set(child, index);
      this.#edges.push(child);
      if (this.#requiredBy.at(child) === -1 && this.#cursor.at(child) === notEntered)
        this.#requiredBy.set(child, index);
    }
    this.#firstEdge.set(index, first);
    this.#cursor.set(index, first);
    this.#endEdge.set(index, this.#edges.length);
    node.requirements = templates;
  }

  /** Puts nodes in the place of the refs and classes of structures; a promise when it must be done again later. */
  #link(structures: readonly unknown[], by: GraphNode | undefined): Linked | Promise<unknown> {
    const children: GraphNode[] = [];
    const pending: Promise<unknown>[] = [];
    const toNode = (ref: TaskRef<unknown> | Promise<unknown>): unknown => {
      const node = ref instanceof Promise ? ref : this.#nodeOf(ref);
      if (node instanceof Promise) return pending.push(node);
      children.push(node);
      const { path } = ref as TaskRef<unknown>;
      return path.length > 0 ? new NodePart(node, path) : node;
    };
    let requirement = 0;
    const replace = (value: object): unknown => {
      if (isTaskRef(value)) return toNode(value);
      if (value instanceof Handed) return toNode(this.#refOf(value, by));
      if (typeof value !== 'function') {
        if (isPromiseLike(value))
          throw new DeclarationError(`${whatHolds(by, requirement)} a promise; it must give its refs at once`);
        return value;
      }
      return toNode(
        this.#refOf(new Handed(value as TaskClass, by?.task.requirements[requirement]?.property ?? '', undefined), by),
      );
    };
    const templates: Template[] = [];
    try {
      for (; requirement < structures.length; requirement++)
        templates.push(mapStructure(structures[requirement], replace));
    } catch (error) {
      if (!(error instanceof TooDeepError)) throw error;
      const what = by ? `what @Requires of ${propertyOf(by, requirement)} gave` : 'what is to run';
      throw new DeclarationError(`${what} holds itself (a cycle), or is ${error.message}`);
    }
    return pending.length > 0 ? Promise.all(pending) : { templates, children };
  }

  async #linked(link: () => Linked | Promise<unknown>): Promise<Linked> {
    for (;;) {
      const linked = link();
      if (!(linked instanceof Promise)) return linked;
      await linked;
    }
  }

  /** The ref that is meant where only a class is named. */
  #refOf({ cls, property, written }: Handed, by: GraphNode | undefined): TaskRef<unknown> | Promise<unknown> {
    if (typeof cls === 'function' && cls.prototype === undefined) {
      throw new DeclarationError(
        `${by ? `@Requires of ${by.task.name}.${property} gave` : 'what is to run holds'} a function where task refs are meant`,
      );
    }
    const kind = this.#kindOf(cls);
    if (kind instanceof Promise) return kind;
    if (!by) return TaskRef.of(cls, {});
    return TaskRef.of(cls, this.#kinds.get(by.task.cls)!.blueprint.handOn(kind.blueprint, by, written, property));
  }

  /** The one node of a ref's task and params; a promise when it must be asked for again later. */
  #nodeOf(ref: TaskRef<unknown>): GraphNode | Promise<unknown> {
    const kind = this.#kindOf(ref.task);
    if (kind instanceof Promise) return kind;
    const carried = this.#carried.size > 0 ? this.#carried.get(ref) : undefined;
    if (carried) return carried;
    const prepared = kind.blueprint.prepare(ref.params, this.#answers);
    if (prepared instanceof Promise) return prepared;
    const { refs } = prepared;
    for (let i = 0; i < refs.length; i++) {
      if (!this.#carried.has(refs[i]!)) return this.#carry(refs);
    }
    const identity = this.#identityOf(kind, prepared);
    return kind.nodes.get(identity) ?? this.#add(kind, identity, prepared);
  }

  /** Makes nodes of refs inside params, and of refs inside theirs, without recursion. */
  async #carry(refs: readonly TaskRef<unknown>[]): Promise<void> {
    const stack = [...refs];
    /** Those whose own refs are being carried. */
    const open = new Set<TaskRef<unknown>>();
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (this.#carried.has(top)) {
        stack.pop();
        continue;
      }
      const kind = await this.#kindOf(top.task);
      const prepared = kind && (await kind.blueprint.prepare(top.params, this.#answers));
      if (!kind || !isPrepared(prepared)) continue;
      const missing = prepared.refs.filter((inner) => !this.#carried.has(inner));
      if (missing.length > 0) {
        open.add(top);
        if (missing.some((inner) => open.has(inner)))
          throw new DeclarationError(`the params of ${showValue(top)} hold a ref that holds itself (a cycle)`);
        for (const inner of missing) stack.push(inner);
        continue;
      }
      const identity = this.#identityOf(kind, prepared);
      this.#carried.set(top, kind.nodes.get(identity) ?? this.#add(kind, identity, prepared));
      open.delete(top);
      stack.pop();
    }
  }

  #identityOf({ blueprint }: Kind, { params, text: ready }: PreparedParams): string | number {
    const { params: declared } = blueprint.task;
    // One number is its own identity: that finds it faster, and needs no text to be kept.
    if (declared.length === 1) {
      const value = params[declared[0]!.name];
      if (typeof value === 'number') return value;
    }
    if (ready !== undefined) return ready;
    let text = '{';
    for (const { name } of declared) {
      const value = params[name];
      if (value !== undefined) text += canonicalString(name) + canonical(value, (part) => this.#carriedText(part));
    }
    return `${text}}`;
  }

  #carriedText(value: object): string | undefined {
    return isTaskRef(value) ? `@${this.#carried.get(value)!.index};${canonical(value.path)}` : undefined;
  }

  #add(kind: Kind, identity: string | number, prepared: PreparedParams): GraphNode {
    const index = this.#nodes.length;
    if (index >= this.#options.maxNodes) {
      throw new DeclarationError(
        `the graph has more than ${this.#options.maxNodes} nodes: does a task require itself with ever new params? (maxNodes in the runner's options raises the limit)`,
      );
    }
    Object.freeze(prepared.params);
    const node = new GraphNode(index, kind.blueprint.task, identity, prepared);
    kind.nodes.set(identity, node);
    this.#nodes.push(node);
    this.#cursor.push(notEntered);
    this.#firstEdge.push(0);
    this.#endEdge.push(0);
    this.#requiredBy.push(-1);
    this.#lastEdgeOf.push(-1);
    return node;
  }

  #kindOf(cls: TaskClass): Kind | Promise<undefined> {
    const known = this.#kinds.get(cls);
    if (known) return known;
    const definition = definitionOf(cls);
    const namesake = this.#classByName.get(definition.name);
    if (namesake && namesake !== cls) {
      throw new DeclarationError(
        `two different classes are called ${definition.name} in one graph; give one of them another name: @Task({ name: … })`,
      );
    }
    this.#classByName.set(definition.name, cls);
    const blueprint = this.#options.blueprints.get(definition) ?? Blueprint.of(definition, this.#options.container);
    if (isPromiseLike(blueprint))
      return Promise.resolve(blueprint).then((made) => void this.#addKind(cls, definition, made));
    return this.#addKind(cls, definition, blueprint as Blueprint);
  }

  #addKind(cls: TaskClass, definition: TaskDefinition, blueprint: Blueprint): Kind {
    const kind = this.#kinds.get(cls) ?? { blueprint, nodes: new Map() };
    this.#kinds.set(cls, kind);
    this.#options.blueprints.set(definition, kind.blueprint);
    return kind;
  }

  #fail(error: unknown, index: number): never {
    throw error instanceof DeclarationError
      ? error.locate(pathTo({ nodes: this.#nodes, requiredBy: this.#requiredBy.taken() }, index))
      : error;
  }

  #cycle(members: readonly number[]): DeclarationError {
    const names = abbreviate([...members, members[0]!]).map((at) =>
      typeof at === 'number' ? String(this.#nodes[at]) : at,
    );
    return new DeclarationError(`these tasks require each other in a circle:\n    ${names.join('\n    requires ')}`);
  }
}

interface Linked {
  readonly templates: readonly Template[];
  readonly children: readonly GraphNode[];
}

function propertyOf(by: GraphNode, requirement: number): string {
  return `${by.task.name}.${by.task.requirements[requirement]!.property}`;
}

function whatHolds(by: GraphNode | undefined, requirement: number): string {
  return by ? `the function in @Requires of ${propertyOf(by, requirement)} gave` : 'what is to run holds';
}

const nothing: Linked = Object.freeze({ templates: Object.freeze([]), children: Object.freeze([]) });

function isPrepared(value: unknown): value is PreparedParams {
  return typeof value === 'object' && value !== null && 'params' in value;
}
