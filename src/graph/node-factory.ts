import { isPromiseLike } from '../base/awaitable';
import { MemoryGuard } from '../base/memory-guard';
import { showValue } from '../base/show';
import type { CheckedContainer, Container } from '../task/container';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { isTaskRef, type TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import { canonical } from './canonical';
import { GraphNode } from './node';
import { SchemaResults } from './param-values';
import { type PreparedParams, TaskTemplate } from './task-template';

/** A task in one graph: its template, and its nodes by identity. */
interface GraphTask {
  readonly template: TaskTemplate;
  readonly nodes: Map<string | number, GraphNode>;
}

/** The tasks of one graph. */
export class GraphTasks {
  readonly #container: Container & Partial<CheckedContainer>;
  readonly #templates: Map<TaskDefinition, TaskTemplate>;
  readonly #byClass = new Map<TaskClass, GraphTask>();
  readonly #classByName = new Map<string, TaskClass>();

  /** @param templates shared by the graphs of a run */
  constructor(container: Container & Partial<CheckedContainer>, templates: Map<TaskDefinition, TaskTemplate>) {
    this.#container = container;
    this.#templates = templates;
  }

  get definitions(): readonly TaskDefinition[] {
    return Array.from(this.#byClass.values(), ({ template }) => template.task);
  }

  /** The task of a class; a promise if it must be called again later. */
  get(cls: TaskClass): GraphTask | Promise<undefined> {
    const known = this.#byClass.get(cls);
    if (known) return known;
    const definition = definitionOf(cls);
    const namesake = this.#classByName.get(definition.name);
    if (namesake && namesake !== cls) {
      throw new DeclarationError(
        `two classes in one graph have the name ${definition.name}; rename one: @Task({ name: … })`,
      );
    }
    this.#classByName.set(definition.name, cls);
    const template = this.#templates.get(definition) ?? TaskTemplate.create(definition, this.#container);
    if (isPromiseLike(template)) return Promise.resolve(template).then((made) => void this.#add(cls, made));
    return this.#add(cls, template as TaskTemplate);
  }

  /** The template of a node's task. */
  templateOf({ task }: GraphNode): TaskTemplate {
    return this.#byClass.get(task.cls)!.template;
  }

  #add(cls: TaskClass, template: TaskTemplate): GraphTask {
    // Another call may have added it meanwhile.
    const task = this.#byClass.get(cls) ?? { template, nodes: new Map() };
    this.#byClass.set(cls, task);
    this.#templates.set(task.template.task, task.template);
    return task;
  }
}

/** Options of a `NodeFactory`. */
interface NodeFactoryOptions {
  readonly tasks: GraphTasks;
  /** Maximum number of nodes: a larger graph is taken for an endless recursion. */
  readonly maxNodes: number;
  /** Called after each new node. */
  onAdded(): void;
}

/** Makes the nodes of one graph: one per task and params. */
export class NodeFactory {
  /** By index, in order of creation. */
  readonly nodes: GraphNode[] = [];
  /** Nodes of refs in params. */
  readonly paramRefNodes = new Map<TaskRef<unknown>, GraphNode>();
  readonly tasks: GraphTasks;
  readonly #options: NodeFactoryOptions;
  readonly #schemaResults = new SchemaResults();
  readonly #ambiguity = new AmbiguityCheck();
  readonly #memory = new MemoryGuard();

  /** A ref in params, by the index of its node. */
  readonly #refText = (value: object): string | undefined =>
    isTaskRef(value) ? `@${this.paramRefNodes.get(value)!.index};${canonical(value.path)}` : undefined;

  constructor(options: NodeFactoryOptions) {
    this.#options = options;
    this.tasks = options.tasks;
  }

  /** The only node with a ref's task and params; a promise if it must be called again later. */
  get(ref: TaskRef<unknown>): GraphNode | Promise<unknown> {
    const task = this.tasks.get(ref.task);
    if (task instanceof Promise) return task;
    const { template, nodes } = task;
    const identity = template.plainIdentity(ref.params);
    const known = identity === undefined ? this.paramRefNodes.get(ref) : nodes.get(identity);
    if (known) {
      if (template.passesParamsOn === undefined && identity !== undefined) this.#ambiguity.record(known, '', false);
      return known;
    }
    const prepared = template.prepare(ref.params, this.#schemaResults);
    if (prepared instanceof Promise) return prepared;
    const { refs } = prepared;
    for (let i = 0; i < refs.length; i++) {
      if (!this.paramRefNodes.has(refs[i]!)) return this.#addParamRefs(refs);
    }
    return this.#nodeOf(task, prepared, identity);
  }

  /** Makes the nodes of refs in params, and of refs in their params, without recursion. */
  async #addParamRefs(refs: readonly TaskRef<unknown>[]): Promise<void> {
    const stack = [...refs];
    /** Refs whose own refs are being added. */
    const open = new Set<TaskRef<unknown>>();
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (this.paramRefNodes.has(top)) {
        stack.pop();
        continue;
      }
      const task = await this.tasks.get(top.task);
      const prepared = task && (await task.template.prepare(top.params, this.#schemaResults));
      if (!task || !isPrepared(prepared)) continue;
      const missing = prepared.refs.filter((inner) => !this.paramRefNodes.has(inner));
      if (missing.length > 0) {
        open.add(top);
        if (missing.some((inner) => open.has(inner)))
          throw new DeclarationError(`the params of ${showValue(top)} contain a ref that contains itself (a cycle)`);
        for (const inner of missing) stack.push(inner);
        continue;
      }
      this.paramRefNodes.set(top, this.#nodeOf(task, prepared));
      open.delete(top);
      stack.pop();
    }
  }

  /** The node of prepared params, made if there is none. */
  #nodeOf(task: GraphTask, prepared: PreparedParams, plainIdentity?: string | number): GraphNode {
    const { template, nodes } = task;
    const { givenText } = prepared;
    const ofParams = plainIdentity ?? template.identityOf(prepared, this.#refText);
    // Marked, since it is not the text of the params alone.
    const identity = givenText === '' || !template.passesParamsOn ? ofParams : `~${ofParams}~${givenText}`;
    const known = nodes.get(identity);
    const node = known ?? this.#add(task, identity, prepared);
    if (template.passesParamsOn === undefined) this.#ambiguity.record(node, givenText, known === undefined);
    return node;
  }

  /** Called before a node passes params on, if that was unknown from its declaration. */
  markInherited(node: GraphNode): void {
    this.#ambiguity.markInherited(node);
  }

  #assertEnoughMemory(count: number): void {
    const used = this.#memory.check();
    if (used === undefined) return;
    throw new DeclarationError(
      `${used}, and the graph has ${count} nodes so far: does a task require itself with ever new params? (node --max-old-space-size=MEGABYTES gives more memory)`,
    );
  }

  #add(task: GraphTask, identity: string | number, prepared: PreparedParams): GraphNode {
    const index = this.nodes.length;
    const { maxNodes } = this.#options;
    if (index >= maxNodes) {
      throw new DeclarationError(
        `the graph has more than ${maxNodes} nodes: does a task require itself with ever new params? (the runner's option maxNodes raises the limit)`,
      );
    }
    if (index % guardedNodes === 0 && index > 0) this.#assertEnoughMemory(index);
    Object.freeze(prepared.params);
    if (prepared.givenParams !== prepared.params) Object.freeze(prepared.givenParams);
    const node = new GraphNode(index, task.template.task, identity, prepared);
    task.nodes.set(identity, node);
    this.nodes.push(node);
    this.#options.onAdded();
    return node;
  }
}

/** Number of nodes between checks of the memory. */
const guardedNodes = 64;

function isPrepared(value: unknown): value is PreparedParams {
  return typeof value === 'object' && value !== null && 'params' in value;
}

/**
 * Detects nodes whose result depends on which of several refs is resolved first: their schemas map different values to
 * the same value, and they pass the given values on.
 */
class AmbiguityCheck {
  readonly #texts = new Map<GraphNode, string>();
  readonly #ambiguous = new Set<GraphNode>();
  readonly #inherited = new Set<GraphNode>();

  record(node: GraphNode, text: string, isNew: boolean): void {
    if (isNew) {
      if (text !== '') this.#texts.set(node, text);
      return;
    }
    if ((this.#texts.get(node) ?? '') === text) return;
    this.#ambiguous.add(node);
    if (this.#inherited.has(node)) throw ambiguousParamsError(node);
  }

  markInherited(node: GraphNode): void {
    if (this.#ambiguous.has(node)) throw ambiguousParamsError(node);
    this.#inherited.add(node);
  }
}

function ambiguousParamsError(node: GraphNode): DeclarationError {
  return new DeclarationError(
    `${node} received different values that its schemas map to the same value, and passes them on to a class returned by a function in @Requires: pass its params explicitly, as in @Requires(() => TheTask, (self) => ({ … }))`,
  );
}
