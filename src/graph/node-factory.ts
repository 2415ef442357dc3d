import { isPromiseLike } from '../base/awaitable';
import { MemoryGuard } from '../base/memory-guard';
import { showValue } from '../base/show';
import type { CheckedContainer, Container } from '../task/container';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { isTaskRef, type TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import { canonical, canonicalParam, canonicalString } from './canonical';
import { GraphNode } from './node';
import { SchemaResults } from './param-values';
import { type IdentifiedParams, type PreparedParams, TaskTemplate } from './task-template';

/** The blueprint of a task in one graph, with its nodes by identity. */
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

  /** @param blueprints kept from one graph to the next */
  constructor(container: Container & Partial<CheckedContainer>, blueprints: Map<TaskDefinition, TaskTemplate>) {
    this.#container = container;
    this.#templates = blueprints;
  }

  get definitions(): readonly TaskDefinition[] {
    return Array.from(this.#byClass.values(), ({ template }) => template.task);
  }

  /** That of a class; a promise when it must be asked for again later. */
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
    const blueprint = this.#templates.get(definition) ?? TaskTemplate.create(definition, this.#container);
    if (isPromiseLike(blueprint))
      return Promise.resolve(blueprint).then((made) => void this.#add(cls, definition, made));
    return this.#add(cls, definition, blueprint as TaskTemplate);
  }

  /** The blueprint that a node was made by. */
  templateOf({ task }: GraphNode): TaskTemplate {
    return this.#byClass.get(task.cls)!.template;
  }

  #add(cls: TaskClass, definition: TaskDefinition, blueprint: TaskTemplate): GraphTask {
    const kind = this.#byClass.get(cls) ?? { template: blueprint, nodes: new Map() };
    this.#byClass.set(cls, kind);
    this.#templates.set(definition, kind.template);
    return kind;
  }
}

/** What making nodes needs of a graph. */
interface NodeFactoryOptions {
  readonly tasks: GraphTasks;
  /** More nodes than this are taken for a recursion without an end. */
  readonly maxNodes: number;
  /** Called once for each node, as soon as it is there. */
  onAdded(): void;
}

/** Makes the nodes of one graph: one for each task and params. */
export class NodeFactory {
  /** In the order in which they were made, so by index. */
  readonly nodes: GraphNode[] = [];
  /** Nodes of refs that are parts of params. */
  readonly paramRefNodes = new Map<TaskRef<unknown>, GraphNode>();
  readonly tasks: GraphTasks;
  readonly #options: NodeFactoryOptions;
  readonly #schemaResults = new SchemaResults();
  readonly #ambiguity = new AmbiguityCheck();
  readonly #memory = new MemoryGuard();

  constructor(options: NodeFactoryOptions) {
    this.#options = options;
    this.tasks = options.tasks;
  }

  /** The one node of a ref's task and params; a promise when it must be asked for again later. */
  get(ref: TaskRef<unknown>): GraphNode | Promise<unknown> {
    const kind = this.tasks.get(ref.task);
    if (kind instanceof Promise) return kind;
    const { template, nodes } = kind;
    const identity = template.plainIdentity(ref.params);
    if (identity !== undefined)
      return nodes.get(identity) ?? this.#add(kind, identity, template.preparePlain(ref.params));
    const carried = this.paramRefNodes.size > 0 ? this.paramRefNodes.get(ref) : undefined;
    if (carried) return carried;
    const prepared = template.prepare(ref.params, this.#schemaResults);
    if (prepared instanceof Promise) return prepared;
    const { refs } = prepared;
    for (let i = 0; i < refs.length; i++) {
      if (!this.paramRefNodes.has(refs[i]!)) return this.#addParamRefs(refs);
    }
    return this.#nodeOf(kind, prepared);
  }

  /** Makes nodes of refs inside params, and of refs inside theirs, without recursion. */
  async #addParamRefs(refs: readonly TaskRef<unknown>[]): Promise<void> {
    const stack = [...refs];
    /** Those whose own refs are being carried. */
    const open = new Set<TaskRef<unknown>>();
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (this.paramRefNodes.has(top)) {
        stack.pop();
        continue;
      }
      const kind = await this.tasks.get(top.task);
      const prepared = kind && (await kind.template.prepare(top.params, this.#schemaResults));
      if (!kind || !isPrepared(prepared)) continue;
      const missing = prepared.refs.filter((inner) => !this.paramRefNodes.has(inner));
      if (missing.length > 0) {
        open.add(top);
        if (missing.some((inner) => open.has(inner)))
          throw new DeclarationError(`the params of ${showValue(top)} contain a ref that contains itself (a cycle)`);
        for (const inner of missing) stack.push(inner);
        continue;
      }
      this.paramRefNodes.set(top, this.#nodeOf(kind, prepared));
      open.delete(top);
      stack.pop();
    }
  }

  #nodeOf(kind: GraphTask, prepared: IdentifiedParams): GraphNode {
    const ofParams = prepared.identity ?? this.#textWithRefs(kind, prepared);
    const { givenText } = prepared;
    const { passesParamsOn } = kind.template;
    // Marked, since it is not the text of the params alone.
    const identity = givenText === '' || !passesParamsOn ? ofParams : `~${ofParams}~${givenText}`;
    const known = kind.nodes.get(identity);
    const node = known ?? this.#add(kind, identity, prepared);
    if (passesParamsOn === undefined) this.#ambiguity.record(node, givenText, known === undefined);
    return node;
  }

  /** Called before a node hands params on that its class is not known to hand on. */
  markInherited(node: GraphNode): void {
    this.#ambiguity.markInherited(node);
  }

  /** The canonical text of params that hold refs. */
  #textWithRefs({ template }: GraphTask, { params }: PreparedParams): string {
    let text = '{';
    for (const { name } of template.task.params) {
      const value = params[name];
      if (value !== undefined) text += canonicalString(name) + canonicalParam(value, (part) => this.#refText(part));
    }
    return `${text}}`;
  }

  #refText(value: object): string | undefined {
    return isTaskRef(value) ? `@${this.paramRefNodes.get(value)!.index};${canonical(value.path)}` : undefined;
  }

  #assertEnoughMemory(count: number): void {
    const used = this.#memory.check();
    if (used === undefined) return;
    throw new DeclarationError(
      `${used}, and the graph has ${count} nodes so far: does a task require itself with ever new params? (node --max-old-space-size=MEGABYTES gives more memory)`,
    );
  }

  #add(kind: GraphTask, identity: string | number, prepared: PreparedParams): GraphNode {
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
    const node = new GraphNode(index, kind.template.task, identity, prepared);
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
