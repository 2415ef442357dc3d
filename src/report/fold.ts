import { distinguishingParams, distinguishingParamsFirst } from './distinguishing-params';
import { valueText } from './one-line';
import type { GraphPicture, PictureEdge, PictureNode } from './picture';
import type { NodeState } from './states';

/** All tasks of one class, in one box. */
export interface PictureGroup {
  /** Unique in the picture. */
  readonly key: string;
  readonly task: string;
  readonly members: readonly PictureNode[];
  /** The number of members by state; states without members are absent. */
  readonly counts: ReadonlyMap<NodeState, number>;
}

/** A task in its own box, with the texts of its params, distinguishing params first. */
export interface NodeBox extends PictureNode {
  readonly texts: readonly (readonly [name: string, text: string])[];
}

/** A box of a picture: one task, or all tasks of a class. */
export type PictureBox = NodeBox | PictureGroup;

/** A picture with large classes folded into one box each. */
export interface FoldedPicture {
  readonly boxes: readonly PictureBox[];
  /** Edges between boxes, without duplicates; `count` is the number of requirements that an edge stands for. */
  readonly edges: readonly (PictureEdge & { readonly count: number })[];
}

/** Options for folding the tasks of a class into one box. */
export interface FoldOptions {
  /** The number of boxes above which classes are folded. @default 100 */
  readonly foldAbove?: number;
}

const defaultFoldAbove = 100;
// Classes of at most this size stay unfolded once the limit is reached.
const smallClass = 6;
// More edges than this per box are not readable.
const maxEdgesPerBox = 3;

export function isGroup(box: PictureBox): box is PictureGroup {
  return 'members' in box;
}

/** Folds the largest classes first, until the rest is small enough to be readable. */
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
  // Sets the order of the boxes: that of the nodes. Boxes of single tasks are replaced below, with texts.
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
