import { distinguishingParams, distinguishingParamsFirst } from './distinguishing-params';
import { valueText } from './one-line';
import type { GraphPicture, PictureEdge, PictureNode } from './picture';
import type { NodeState } from './states';

/** All tasks of one class, drawn as one. */
export interface PictureGroup {
  /** A name of its own in the picture. */
  readonly key: string;
  readonly task: string;
  readonly members: readonly PictureNode[];
  /** How many members are in each state that any is in. */
  readonly counts: ReadonlyMap<NodeState, number>;
}

/** A task that is drawn as a box of its own, with the texts of its params: first those that tell it from its class. */
export interface NodeBox extends PictureNode {
  readonly texts: readonly (readonly [name: string, text: string])[];
}

/** What is drawn as one box. */
export type PictureBox = NodeBox | PictureGroup;

/** A picture of which large parts are folded. */
export interface FoldedPicture {
  readonly boxes: readonly PictureBox[];
  /** Between boxes, each once, with how many requirements it stands for. */
  readonly edges: readonly (PictureEdge & { readonly count: number })[];
}

/** How much may be drawn before tasks are folded by their class. */
export interface FoldOptions {
  /** @default 100 */
  readonly foldAbove?: number;
}

const defaultFoldAbove = 100;
// Once some are folded, this many of another class are still looked at one by one.
const smallClass = 6;
// More lines than this for a box cannot be told apart.
const maxEdgesPerBox = 3;

export function isGroup(box: PictureBox): box is PictureGroup {
  return 'members' in box;
}

/** Folds the classes with the most tasks, one after the other, until what is left can be looked at. */
export function fold(picture: GraphPicture, { foldAbove = defaultFoldAbove }: FoldOptions = {}): FoldedPicture {
  const byTask = groupByTask(picture.nodes);
  const largestFirst = [...byTask].filter(([, nodes]) => nodes.length > 1).sort(([, a], [, b]) => b.length - a.length);
  const folded = new Set<string>();
  let left = picture.nodes.length;
  for (const [task, nodes] of largestFirst) {
    if (picture.nodes.length <= foldAbove || (left <= foldAbove && nodes.length <= smallClass)) break;
    folded.add(task);
    left -= nodes.length - 1;
  }
  let result = makeBoxes(picture, byTask, folded);
  for (const [task] of largestFirst) {
    if (result.edges.length <= maxEdgesPerBox * foldAbove) break;
    if (folded.has(task)) continue;
    folded.add(task);
    result = makeBoxes(picture, byTask, folded);
  }
  return result;
}

function groupByTask(nodes: readonly PictureNode[]): ReadonlyMap<string, readonly PictureNode[]> {
  const byTask = new Map<string, PictureNode[]>();
  for (const node of nodes) {
    const group = byTask.get(node.task);
    if (group) group.push(node);
    else byTask.set(node.task, [node]);
  }
  return byTask;
}

function makeBoxes(
  { nodes, edges }: GraphPicture,
  byTask: ReadonlyMap<string, readonly PictureNode[]>,
  folded: ReadonlySet<string>,
): FoldedPicture {
  const boxOf = new Map<string, PictureBox>();
  const groups = new Map(Array.from(folded, (task) => [task, makeGroup(task, byTask.get(task)!)]));
  // In the order of the nodes; tasks of their own get their texts below.
  for (const node of nodes) boxOf.set(node.key, groups.get(node.task) ?? { ...node, texts: [] });
  for (const [task, members] of byTask)
    if (!groups.has(task)) for (const node of withParamTexts(members)) boxOf.set(node.key, node);
  const drawn = new Map<PictureBox, Map<PictureBox, number>>();
  for (const { from, to } of edges) {
    const [source, target] = [boxOf.get(from)!, boxOf.get(to)!];
    let counts = drawn.get(source);
    if (!counts) drawn.set(source, (counts = new Map()));
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  return {
    boxes: [...new Set(boxOf.values())],
    edges: Array.from(drawn, ([from, targets]) =>
      Array.from(targets, ([to, count]) => ({ from: from.key, to: to.key, count })),
    ).flat(),
  };
}

function withParamTexts(members: readonly PictureNode[]): readonly NodeBox[] {
  const texts = members.map(
    ({ params }) => new Map(Object.entries(params).map(([name, value]) => [name, valueText(value)])),
  );
  const telling = distinguishingParams(texts);
  return members.map((node, index) => {
    const ordered = distinguishingParamsFirst(texts[index]!, telling);
    const params = Object.fromEntries(ordered.map(([name]) => [name, node.params[name]]));
    return { ...node, params, texts: ordered };
  });
}

function makeGroup(task: string, members: readonly PictureNode[]): PictureGroup {
  const counts = new Map<NodeState, number>();
  for (const { state } of members) counts.set(state, (counts.get(state) ?? 0) + 1);
  return { key: `${task} × ${members.length}`, task, members, counts };
}
