import { brandClass, isOfOtherCopy } from '../base/shared-state';
import { showTask } from '../base/show';
import type { TaskDefinition } from '../task/definition';
import type { PartPath } from '../task/ref';
import { mutableCopy } from './copy-data';

/** A structure with nodes, or parts of nodes' results, in the place of refs. */
export type Template = unknown;

/** What a node is made of. */
interface NodeParams {
  readonly params: Readonly<Record<string, unknown>>;
  readonly givenParams: Readonly<Record<string, unknown>>;
  readonly hasMutableParts: boolean;
  readonly refs: readonly unknown[];
}

/** A task with its params, once in a graph. Frozen once what it requires is known. */
export class GraphNode {
  static {
    brandClass(GraphNode, 'GraphNode');
  }

  /** Its place in `graph.nodes`. */
  readonly index: number;
  readonly task: TaskDefinition;
  /** Defaults filled in, frozen; absent ones are not there. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What was given of them, before schemas; the same object where that makes no difference. */
  readonly givenParams: Readonly<Record<string, unknown>>;
  /** Tells it from the other nodes of its task: the canonical text of its params, or the one number that they are. */
  readonly identity: string | number;
  /** Whether params hold something that cannot be frozen, so that each instance gets its own copy. */
  readonly hasMutableParts: boolean;
  /** Whether params hold task refs. */
  readonly paramsHaveRefs: boolean;
  /** What fills each of the task's requirements, in their order. */
  requirements: readonly Template[] = unknownYet;

  constructor(
    index: number,
    task: TaskDefinition,
    identity: string | number,
    { params, givenParams, hasMutableParts, refs }: NodeParams,
  ) {
    this.index = index;
    this.task = task;
    this.params = params;
    this.givenParams = givenParams;
    this.identity = identity;
    this.hasMutableParts = hasMutableParts;
    this.paramsHaveRefs = refs.length > 0;
  }

  /** The params for one instance: a copy of its own of each that could not be frozen. */
  copyParams(): Readonly<Record<string, unknown>> {
    if (!this.hasMutableParts) return this.params;
    return Object.fromEntries(Object.entries(this.params).map(([name, value]) => [name, mutableCopy(value)]));
  }

  /** For messages: `TrainModel({ seed: 3 })`. */
  toString(): string {
    return showTask(this.task.name, this.params, this.task.secrets);
  }
}

const unknownYet: readonly Template[] = Object.freeze([]);

/** In the place of a requirement: a task directory, which is made when the task starts. */
class OwnDirectory {}
export const ownDirectory: object = Object.freeze(new OwnDirectory());

/** A part of a node's result. */
export class NodePart {
  static {
    brandClass(NodePart, 'NodePart');
  }

  constructor(
    readonly node: GraphNode,
    readonly path: PartPath,
  ) {}
}

/** Whether a value is a node, of any copy of this package: for executors, which get those of a runner of another one. */
export function isGraphNode(value: unknown): value is GraphNode {
  return value instanceof GraphNode || isOfOtherCopy(GraphNode, value);
}

/** The same for a part of a node's result. */
export function isNodePart(value: unknown): value is NodePart {
  return value instanceof NodePart || isOfOtherCopy(NodePart, value);
}
