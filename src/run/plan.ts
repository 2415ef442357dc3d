import { isPromiseLike } from '../awaitable';
import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { TaskKey } from '../task/context';
import type { Checkpoints } from './checkpoints';
import { Action, Demand } from './demand';
import type { NodeInfo } from './events';
import { publicParams } from './public-params';

/** What would happen to a task. */
export type PlannedNode = NodeInfo & {
  /** The keys of what it requires. */
  readonly requires: readonly TaskKey[];
} & (
    | { readonly action: 'load'; readonly seconds: number }
    | { readonly action: 'run'; readonly why: string }
    | { readonly action: 'not-needed' }
  );

/** What a run would do, from what is saved now. */
export interface Plan {
  /** Each after what it requires. */
  readonly nodes: readonly PlannedNode[];
  readonly toRun: number;
  readonly toLoad: number;
}

/** Decides as a run would, and runs nothing. */
export async function makePlan(graph: Graph, keys: Keys, checkpoints: Checkpoints | undefined): Promise<Plan> {
  const why = new Map<number, string>();
  const demand = new Demand(graph, {
    checkpoints,
    isKeyless: () => false,
    isForced: () => false,
    onFault: (index, { error }) => void why.set(index, (error as Error).message),
    onDecided: (index, action, reason) => action === Action.run && !why.has(index) && why.set(index, reason),
  });
  const decided = demand.decide(graph.targets.map(({ index }) => index));
  if (isPromiseLike(decided)) await decided;
  const planned = (index: number): PlannedNode => {
    const node = graph.nodes[index]!;
    const info = {
      key: keys.of(index),
      task: node.task.name,
      params: publicParams(node),
      requires: Array.from(graph.edges.subarray(graph.firstEdge[index]!, graph.endEdge[index]!), (one) => keys.of(one)),
    };
    switch (demand.actions[index] as Action) {
      case Action.load:
        return { ...info, action: 'load', seconds: demand.found.get(index)!.entry.seconds };
      case Action.run:
        return { ...info, action: 'run', why: why.get(index)! };
      case Action.none:
        return { ...info, action: 'not-needed' };
    }
  };
  const nodes = Array.from(graph.order, planned);
  const count = (action: PlannedNode['action']) => nodes.filter((node) => node.action === action).length;
  return Object.freeze({ nodes: Object.freeze(nodes), toRun: count('run'), toLoad: count('load') });
}
