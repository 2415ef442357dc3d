import { setImmediate } from 'node:timers/promises';
import { explainError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { showValue } from '../base/show';
import type { CheckedContainer, Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { abbreviate, Graph, pathTo } from './graph';
import type { GraphNode } from './node';
import { GraphTasks, NodeFactory } from './node-factory';
import { evaluateRequirement, type ResolvedRefs, resolveRefs, resolveRefsAsync } from './resolve-requirements';
import type { TaskTemplate } from './task-template';

/** Options of `buildGraph`. */
export interface BuildGraphOptions {
  readonly container: Container & Partial<CheckedContainer>;
  /** Kept from one graph to the next. */
  readonly templates: Map<TaskDefinition, TaskTemplate>;
  /** Maximum number of nodes: a larger graph is taken for an endless recursion. */
  readonly maxNodes: number;
  /** Maximum length of a chain of requirements, likewise. @default maxNodes */
  readonly maxDepth?: number | undefined;
}

/**
 * Builds the graph of a target: depth first, without recursion, with one node per task and params.
 *
 * @param target any structure of task refs and task classes
 * @throws {DeclarationError} for any error in tasks, params and requirements
 */
export async function buildGraph(target: unknown, options: BuildGraphOptions): Promise<Graph> {
  return new GraphBuilder(options).build(target);
}

/** Cursors of nodes that have not been entered, and of nodes that are complete. */
const notEntered = -1;
const done = -2;
// Limits of a time slice: long builds yield to other work in between.
const sliceNodes = 4_096;
const sliceMilliseconds = 30;

class GraphBuilder {
  readonly #factory: NodeFactory;
  readonly #maxDepth: number;
  // Flat arrays of 32-bit integers with spare capacity: a third of the memory of plain arrays.
  #edges = new Int32Array(64);
  #edgeCount = 0;
  #order = new Int32Array(64);
  #orderCount = 0;
  // By node:
  #firstEdge = new Int32Array(64);
  #endEdge = new Int32Array(64);
  #requiredBy = new Int32Array(64);
  /** The next edge to follow, `notEntered` or `done`. */
  #cursor = new Int32Array(64);
  /** The last node with an edge to this one, to skip double edges. */
  #lastEdgeOf = new Int32Array(64);

  constructor({ container, templates, maxNodes, maxDepth = maxNodes }: BuildGraphOptions) {
    this.#maxDepth = maxDepth;
    const tasks = new GraphTasks(container, templates);
    this.#factory = new NodeFactory({ tasks, maxNodes, onAdded: () => this.#reserve() });
  }

  async build(structure: unknown): Promise<Graph> {
    if (structure === null || (typeof structure !== 'object' && typeof structure !== 'function')) {
      throw new DeclarationError(
        `nothing to run: received ${showValue(structure)}. With circular imports a class may not be initialised yet`,
      );
    }
    const { templates, children } = await resolveRefsAsync([structure], undefined, this.#factory).catch(
      (error: unknown) => {
        throw asDeclarationError(error, 'the target');
      },
    );
    const targets = [...new Set(children)];
    for (const node of targets) await this.#visit(node.index);
    for (const node of this.#factory.nodes) Object.freeze(node);
    const { length } = this.#factory.nodes;
    return new Graph({
      nodes: Object.freeze(this.#factory.nodes),
      order: this.#order.subarray(0, this.#orderCount),
      edges: this.#edges.subarray(0, this.#edgeCount),
      firstEdge: this.#firstEdge.subarray(0, length),
      endEdge: this.#endEdge.subarray(0, length),
      requiredBy: this.#requiredBy.subarray(0, length),
      target: templates[0],
      targets: Object.freeze(targets),
      tasks: this.#factory.tasks.definitions,
      paramRefNodes: this.#factory.paramRefNodes,
    });
  }

  /** Visits a node and its requirements, depth first, and appends each node to the order after its requirements. */
  async #visit(root: number): Promise<void> {
    if (this.#cursor[root]! !== notEntered) return;
    const stack = [root];
    let sliceEnd = performance.now() + sliceMilliseconds;
    for (let steps = 1; stack.length > 0; steps++) {
      const at = stack[stack.length - 1]!;
      if (this.#cursor[at]! === notEntered) {
        const pending = this.#enter(at);
        if (pending) await pending;
      }
      const next = this.#cursor[at]!;
      if (next === this.#endEdge[at]!) {
        stack.pop();
        this.#cursor[at] = done;
        this.#order[this.#orderCount++] = at;
        continue;
      }
      this.#cursor[at] = next + 1;
      const child = this.#edges[next]!;
      const cursor = this.#cursor[child]!;
      if (cursor === notEntered) {
        if (stack.length >= this.#maxDepth) throw this.#tooDeep(child);
        stack.push(child);
      } else if (cursor !== done) throw this.#cycle(stack.slice(stack.indexOf(child)));
      if (steps % sliceNodes === 0 && performance.now() > sliceEnd) {
        await setImmediate();
        sliceEnd = performance.now() + sliceMilliseconds;
      }
    }
  }

  /** Resolves the requirements of a node. */
  #enter(index: number): Promise<void> | undefined {
    const node = this.#factory.nodes[index]!;
    try {
      if (node.task.requirements.length === 0) return this.#addEdges(node, noRequirements);
      const structures = this.#evaluateRequirements(node);
      const resolved = resolveRefs(structures, node, this.#factory);
      if (!(resolved instanceof Promise)) return this.#addEdges(node, resolved);
      return resolved
        .then(() => resolveRefsAsync(structures, node, this.#factory))
        .then(
          (refs) => this.#addEdges(node, refs),
          (error) => this.#fail(error, index),
        );
    } catch (error) {
      return this.#fail(error, index);
    }
  }

  /** The requirements of a node as declared: structures of refs. */
  #evaluateRequirements(node: GraphNode): unknown[] {
    const self = this.#factory.tasks.templateOf(node).instanceFor(node);
    return node.task.requirements.map((requirement) => evaluateRequirement(node.task, requirement, self));
  }

  #addEdges(node: GraphNode, { templates, children }: ResolvedRefs): undefined {
    const { index } = node;
    const first = this.#edgeCount;
    if (first + children.length > this.#edges.length) this.#edges = grown(this.#edges, first + children.length);
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!.index;
      if (this.#lastEdgeOf[child]! === index) continue;
      this.#lastEdgeOf[child] = index;
      this.#edges[this.#edgeCount++] = child;
      if (this.#requiredBy[child]! === -1 && this.#cursor[child]! === notEntered) this.#requiredBy[child] = index;
    }
    this.#firstEdge[index] = first;
    this.#cursor[index] = first;
    this.#endEdge[index] = this.#edgeCount;
    node.requirements = templates;
  }

  /** Initialises the arrays for a new node. */
  #reserve(): void {
    const { length } = this.#factory.nodes;
    if (length > this.#cursor.length) {
      this.#order = grown(this.#order, length);
      this.#firstEdge = grown(this.#firstEdge, length);
      this.#endEdge = grown(this.#endEdge, length);
      this.#requiredBy = grown(this.#requiredBy, length);
      this.#cursor = grown(this.#cursor, length);
      this.#lastEdgeOf = grown(this.#lastEdgeOf, length);
    }
    this.#cursor[length - 1] = notEntered;
    this.#requiredBy[length - 1] = -1;
    this.#lastEdgeOf[length - 1] = -1;
  }

  #fail(error: unknown, index: number): never {
    const { nodes } = this.#factory;
    throw asDeclarationError(error, `the requirements of ${nodes[index]}`).locate(
      pathTo({ nodes, requiredBy: this.#requiredBy }, index),
    );
  }

  #tooDeep(index: number): DeclarationError {
    const { nodes } = this.#factory;
    return new DeclarationError(
      `tasks require each other more than ${this.#maxDepth} levels deep: does a task require itself with ever new params? (the runner's option maxNodes raises the limit)`,
    ).locate(pathTo({ nodes, requiredBy: this.#requiredBy }, index));
  }

  #cycle(members: readonly number[]): DeclarationError {
    const names = abbreviate([...members, members[0]!]).map((at) =>
      typeof at === 'number' ? String(this.#factory.nodes[at]) : at,
    );
    return new DeclarationError(`these tasks require each other in a cycle:\n    ${names.join('\n    requires ')}`);
  }
}

const noRequirements: ResolvedRefs = Object.freeze({ templates: Object.freeze([]), children: Object.freeze([]) });

/** Converts an error of user code that is called while planning, such as a getter in a structure of `@Requires`. */
function asDeclarationError(error: unknown, what: string): DeclarationError {
  if (isInstance(error, DeclarationError)) return error;
  if (isInstance(error, TidemarkError)) throw error;
  return new DeclarationError(`${what} cannot be evaluated: ${explainError(error)}`, { cause: error });
}

/** A copy of an array with the given capacity, and at least twice the old one. */
function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
}
