import type { Executor } from 'tidemark';
import { SentResult } from '../../src/executors/sent-result';
import { Keys } from '../../src/graph/key';
import type { GraphNode } from '../../src/graph/node';
import { fill, mapStructure } from '../../src/graph/structure';
import { typediContainer } from '../../src/task/container';
import type { TaskContext } from '../../src/task/context';
import { graphOf, requiredBy } from '../graph/graph-of';

export interface RunOnOptions {
  readonly signal?: AbortSignal;
  readonly attempt?: number;
  readonly onProgress?: (...said: any[]) => void;
  readonly onLog?: (message: string) => void;
}

/** Runs a target and what it requires on an executor, each task once, and gives the result. */
export async function runOn(
  executor: Executor,
  target: unknown,
  {
    signal = new AbortController().signal,
    attempt = 1,
    onProgress = () => undefined,
    onLog: log = () => undefined,
  }: RunOnOptions = {},
): Promise<any> {
  const graph = await graphOf(target);
  const keys = new Keys(graph, new Map());
  const results = new Map<GraphNode, Promise<unknown>>();
  const contextOf = ({ index, task }: GraphNode): TaskContext =>
    ({ task: task.name, key: keys.of(index), attempt, signal, progress: onProgress, log }) as TaskContext;
  const run = async (node: GraphNode): Promise<unknown> => {
    const values = new Map<GraphNode, unknown>();
    for (const required of requiredBy(graph, node)) values.set(required, await resultOf(required));
    const requirements = node.requirements.map((template) => fill(template, (one) => values.get(one)));
    const result = await executor.execute({
      node,
      requirements,
      context: contextOf(node),
      container: typediContainer,
    });
    return result instanceof SentResult ? result.value() : result;
  };
  const resultOf = (node: GraphNode): Promise<unknown> => {
    if (!results.has(node)) results.set(node, run(node));
    return results.get(node)!;
  };
  const wanted = await Promise.all(graph.targets.map(resultOf));
  return mapStructure(graph.target, (part) => {
    const at = graph.targets.indexOf(part as GraphNode);
    return at < 0 ? part : wanted[at];
  });
}
