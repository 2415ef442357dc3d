import { setImmediate } from 'node:timers/promises';
import { explainError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { showValue } from '../base/show';
import type { CheckedContainer, Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { abbreviate, type Graph, pathTo } from './graph';
import type { GraphNode } from './node';
import { GraphTasks, NodeFactory } from './node-factory';
import { evaluateRequirement, type ResolvedRefs, resolveRefs, resolveRefsAsync } from './resolve-requirements';
import type { TaskTemplate } from './task-template';

/** What expanding needs to know. */
export interface BuildGraphOptions {
  readonly container: Container & Partial<CheckedContainer>;
  /** Kept from one graph to the next. */
  readonly templates: Map<TaskDefinition, TaskTemplate>;
  /** More nodes than this are taken for a recursion without an end. */
  readonly maxNodes: number;
  /** A way of more nodes, each requiring the next, likewise. @default maxNodes */
  readonly maxDepth?: number | undefined;
}

/**
 * Works out the graph that a target needs: depth first, without recursion, one node per task and params.
 *
 * @param target any structure of task refs and task classes
 * @throws {DeclarationError} for everything that can be wrong before anything runs
 */
export async function buildGraph(target: unknown, options: BuildGraphOptions): Promise<Graph> {
  return new GraphBuilder(options).build(target);
}

/** Cursors of nodes that were not entered, and that were left. */
const notEntered = -1;
const done = -2;
// Long expansions let other work have its turn this often.
const sliceNodes = 4_096;
const sliceMilliseconds = 30;

class GraphBuilder {
  readonly #factory: NodeFactory;
  readonly #maxDepth: number;
  // Flat arrays of 32-bit integers, longer than what is in them: a third of the memory of arrays.
  #edges = new Int32Array(64);
  #edgeCount = 0;
  #order = new Int32Array(64);
  #orderCount = 0;
  // By node:
  #firstEdge = new Int32Array(64);
  #endEdge = new Int32Array(64);
  #requiredBy = new Int32Array(64);
  /** The next edge to follow, or `notEntered`, or `left`. */
  #cursor = new Int32Array(64);
  /** Which node a node was last an edge of, to leave out double edges. */
  #lastEdgeOf = new Int32Array(64);

  constructor({ container, templates, maxNodes, maxDepth = maxNodes }: BuildGraphOptions) {
    this.#maxDepth = maxDepth;
    const kinds = new GraphTasks(container, templates);
    this.#factory = new NodeFactory({ tasks: kinds, maxNodes, onAdded: () => this.#reserve() });
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
    return Object.freeze<Graph>({
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

  /** Goes down from a node, depth first, and puts each node into the order once all that it requires is there. */
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

  /** Asks a node what it requires. */
  #enter(index: number): Promise<void> | undefined {
    const node = this.#factory.nodes[index]!;
    try {
      if (node.task.requirements.length === 0) return this.#addEdges(node, noRequirements);
      const structures = this.#evaluateRequirements(node);
      const linked = resolveRefs(structures, node, this.#factory);
      if (!(linked instanceof Promise)) return this.#addEdges(node, linked);
      return linked
        .then(() => resolveRefsAsync(structures, node, this.#factory))
        .then(
          (later) => this.#addEdges(node, later),
          (error) => this.#fail(error, index),
        );
    } catch (error) {
      return this.#fail(error, index);
    }
  }

  /** What a node's requirements are written as: structures of refs. */
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

  /** One more node: it is not entered yet, and nothing requires it. */
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

/** The error of code that is called while planning, such as a getter in what `@Requires` gave. */
function asDeclarationError(error: unknown, what: string): DeclarationError {
  if (isInstance(error, DeclarationError)) return error;
  if (isInstance(error, TidemarkError)) throw error;
  return new DeclarationError(`${what} cannot be evaluated: ${explainError(error)}`, { cause: error });
}

/** The same, with room for so many, and at least twice as much. */
function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
}
