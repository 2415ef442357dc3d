import { inspect, stripVTControlCharacters } from 'node:util';
import { type DistinguishingParam, distinguishingParams, type ParamTexts } from '../distinguishing-params';
import { type FoldedPicture, isGroup } from '../fold';
import type { GraphPicture, PictureNode, PictureSpan } from '../picture';
import type { NodeData, PageData, SpanData } from './page-data';

const maxParamLength = 2000;

type Texts = readonly (readonly [name: string, text: string])[];

/** Makes the data that the page's script reads. */
export function makePageData(picture: GraphPicture, { boxes, edges }: FoldedPicture): PageData {
  const { nodes, startedAt = 0, endedAt, spans = [] } = picture;
  const texts = nodes.map(({ params }) => Object.entries(params).map(([name, value]) => [name, show(value)] as const));
  const nodeIndex = new Map(nodes.map(({ key }, index) => [key, index]));
  const boxIndex = new Map(boxes.map(({ key }, index) => [key, index]));
  const lanes = [...new Set(spans.map(rowName))].sort(compareLanes);
  const laneIndex = new Map(lanes.map((lane, index) => [lane, index]));
  return {
    length: endedAt === undefined ? 0 : endedAt - startedAt,
    nodes: nodes.map((node, index) => makeNode(node, texts[index]!, nodeIndex, startedAt)),
    distinguishing: distinguishingByTask(nodes, texts),
    boxes: boxes.map((box) => ({
      title: box.task,
      isGroup: isGroup(box),
      members: (isGroup(box) ? box.members : [box]).map(({ key }) => nodeIndex.get(key)!),
    })),
    edges: edges.map(({ from, to }) => [boxIndex.get(from)!, boxIndex.get(to)!]),
    lanes,
    spans: spans.map((span) => makeSpan(span, nodeIndex, laneIndex, startedAt)),
  };
}

/** The params that distinguish the tasks of each class, and how much of their texts is the same in all. */
function distinguishingByTask(
  nodes: readonly PictureNode[],
  texts: readonly Texts[],
): Readonly<Record<string, readonly DistinguishingParam[]>> {
  const byTask = new Map<string, ParamTexts[]>();
  for (const [index, { task }] of nodes.entries()) {
    const params = new Map(texts[index]!.map(([name, text]) => [name, onOneLine(text)]));
    const others = byTask.get(task);
    if (others) others.push(params);
    else byTask.set(task, [params]);
  }
  return Object.fromEntries(Array.from(byTask, ([task, tasks]) => [task, distinguishingParams(tasks)]));
}

/** A text as the page shows it on one line. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function makeNode(node: PictureNode, texts: Texts, nodeIndex: ReadonlyMap<string, number>, runStart: number): NodeData {
  const { params: _, requires, names = [], startedAt, output, executor: __, ...rest } = node;
  return {
    ...rest,
    params: texts,
    requires: requires.flatMap((key) => nodeIndex.get(key) ?? []),
    names: names.flatMap((key) => nodeIndex.get(key) ?? []),
    ...(output !== undefined && { output: stripVTControlCharacters(output).trimEnd() }),
    ...(startedAt !== undefined && { at: round(startedAt - runStart) }),
  };
}

function makeSpan(
  span: PictureSpan,
  nodeIndex: ReadonlyMap<string, number>,
  laneIndex: ReadonlyMap<string, number>,
  runStart: number,
): SpanData {
  const { key, kind, startedAt, seconds, attempt, outcome } = span;
  const state = outcome === 'done' ? (kind === 'load' ? 'loaded' : 'ran') : outcome;
  return [nodeIndex.get(key)!, laneIndex.get(rowName(span))!, round(startedAt - runStart), seconds, state, attempt];
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 6, breakLength: 60, maxArrayLength: 50, maxStringLength: maxParamLength });
  return text.length > maxParamLength ? `${text.slice(0, maxParamLength)}…` : text;
}

/** Loads are short and many at once, so they share a row. */
function rowName({ kind, lane }: PictureSpan): string {
  return kind === 'load' ? 'loads' : lane;
}

/** `threads 2` before `threads 10`, and loads last. */
function compareLanes(a: string, b: string): number {
  const isLoad = (lane: string) => Number(lane === 'loads');
  return isLoad(a) - isLoad(b) || a.localeCompare(b, 'en', { numeric: true });
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
