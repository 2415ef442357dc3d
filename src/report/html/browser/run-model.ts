import { abbreviatePrefix } from '../../distinguishing-params';
import type { NodeState } from '../../states';
import type { BoxData, NodeData, PageData } from '../page-data';

/** A task of the graph, with its neighbours and its texts. */
export interface TaskNode extends NodeData {
  readonly index: number;
  /** The box that it is drawn in. */
  readonly box: number;
  /** Nodes that it requires or that its result refers to. */
  readonly sources: readonly number[];
  /** Nodes that it is a source of. */
  readonly users: readonly number[];
  /** All params on one line. */
  readonly paramText: string;
  /** The same, but params that distinguish it from others of its class come first and are abbreviated. */
  readonly label: string;
}

/** A bar of the timeline. */
export interface Span {
  readonly node: number;
  readonly lane: number;
  /** In milliseconds since the run started. */
  readonly at: number;
  readonly seconds: number;
  readonly state: NodeState;
  readonly attempt: number;
}

/** A run or a plan, indexed for the views. Knows nothing of the page. */
export class RunModel {
  readonly nodes: readonly TaskNode[];
  readonly boxes: readonly BoxData[];
  readonly lanes: readonly string[];
  /** Duration of the run, in milliseconds; never 0, so that it can divide. */
  readonly length: number;
  readonly spansByLane: readonly (readonly Span[])[];
  readonly spansByStart: readonly Span[];
  readonly #boxSources: readonly number[][];
  readonly #boxUsers: readonly number[][];

  constructor({ nodes, boxes, edges, lanes, length, spans, distinguishing }: PageData) {
    this.boxes = boxes;
    this.lanes = lanes;
    this.length = Math.max(1e-3, length);
    const boxOf = boxByNode(boxes);
    const users = nodes.map((): number[] => []);
    this.nodes = nodes.map((node, index) => {
      const sources = [...new Set([...node.requires, ...node.names])];
      for (const source of sources) users[source]!.push(index);
      const texts = paramTexts(node, distinguishing[node.task] ?? []);
      return { ...node, ...texts, index, box: boxOf.get(index)!, sources, users: users[index]! };
    });
    this.#boxSources = boxes.map(() => []);
    this.#boxUsers = boxes.map(() => []);
    for (const [from, to] of edges) {
      this.#boxUsers[from]!.push(to);
      this.#boxSources[to]!.push(from);
    }
    const all = spans.map(([node, lane, at, seconds, state, attempt]) => ({ node, lane, at, seconds, state, attempt }));
    this.spansByStart = [...all].sort((a, b) => a.at - b.at);
    const byLane = lanes.map((): Span[] => []);
    for (const span of all) byLane[span.lane]!.push(span);
    this.spansByLane = byLane;
  }

  /** All nodes that a node comes from. */
  upstream(node: number): ReadonlySet<number> {
    return reach(node, (at) => this.nodes[at]!.sources);
  }

  /** All nodes that come from a node. */
  downstream(node: number): ReadonlySet<number> {
    return reach(node, (at) => this.nodes[at]!.users);
  }

  /** A box, all boxes that it comes from, and all that come from it. */
  boxLineage(box: number): ReadonlySet<number> {
    const sources = reach(box, (at) => this.#boxSources[at]!);
    const users = reach(box, (at) => this.#boxUsers[at]!);
    return new Set([box, ...sources, ...users]);
  }
}

function boxByNode(boxes: readonly BoxData[]): ReadonlyMap<number, number> {
  return new Map(boxes.flatMap(({ members }, box) => members.map((member): [number, number] => [member, box])));
}

function paramTexts(
  { params }: NodeData,
  distinguishing: PageData['distinguishing'][string],
): Pick<TaskNode, 'paramText' | 'label'> {
  const texts = new Map(params.map(([name, text]) => [name, text.replaceAll(/\s+/g, ' ')]));
  const first = new Map<string, string>();
  for (const [name, common] of distinguishing) {
    const text = texts.get(name);
    if (text !== undefined) first.set(name, abbreviatePrefix(text, common));
  }
  const join = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, text]) => `${name}: ${text}`).join(', ');
  return {
    paramText: join([...texts]),
    label: join([...first, ...[...texts].filter(([name]) => !first.has(name))]),
  };
}

/** All that can be reached from a start, without the start itself. */
function reach(start: number, next: (at: number) => readonly number[]): ReadonlySet<number> {
  const seen = new Set([start]);
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const one of next(at)) {
      if (seen.has(one)) continue;
      seen.add(one);
      open.push(one);
    }
  }
  seen.delete(start);
  return seen;
}
