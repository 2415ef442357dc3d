import { brandClass, isOfOtherCopy } from '../base/shared-state';
import { showTask } from '../base/show';
import type { TaskDefinition } from '../task/definition';
import type { PartPath } from '../task/ref';
import { mutableCopy } from './copy-data';

/** A structure with nodes, or parts of their results, in place of refs. */
export type Template = unknown;

/** The params of a new node. */
interface NodeParams {
  readonly params: Readonly<Record<string, unknown>>;
  readonly givenParams: Readonly<Record<string, unknown>>;
  readonly hasMutableParts: boolean;
  readonly refs: readonly unknown[];
}

/** A task with its params, unique in a graph. Frozen once its requirements are known. */
export class GraphNode {
  static {
    brandClass(GraphNode, 'GraphNode');
  }

  /** Its index in `graph.nodes`. */
  readonly index: number;
  readonly task: TaskDefinition;
  /** All params with a value, including defaults. Frozen. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The given params, before schemas; the same object if they are equal. */
  readonly givenParams: Readonly<Record<string, unknown>>;
  /** Unique among the nodes of its task: the canonical text of its params, or the number that is its only param. */
  readonly identity: string | number;
  /** True if params contain something that cannot be frozen, so that each instance gets its own copy. */
  readonly hasMutableParts: boolean;
  /** True if params contain task refs. */
  readonly paramsHaveRefs: boolean;
  /** The templates of the requirements, in order of declaration. */
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

  /** The params for one instance, with its own copies of values that cannot be frozen. */
  ownParams(): Readonly<Record<string, unknown>> {
    if (!this.hasMutableParts) return this.params;
    return Object.fromEntries(Object.entries(this.params).map(([name, value]) => [name, mutableCopy(value)]));
  }

  /** For messages: `TrainModel({ seed: 3 })`. */
  toString(): string {
    return showTask(this.task.name, this.params, this.task.secrets);
  }
}

const unknownYet: readonly Template[] = Object.freeze([]);

/** In place of a requirement: a task directory, which is made when the task starts. */
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

/** True for a node of any copy of this package: executors may receive nodes of another copy's runner. */
export function isGraphNode(value: unknown): value is GraphNode {
  return value instanceof GraphNode || isOfOtherCopy(GraphNode, value);
}

/** True for a part of a node's result, of any copy of this package. */
export function isNodePart(value: unknown): value is NodePart {
  return value instanceof NodePart || isOfOtherCopy(NodePart, value);
}
