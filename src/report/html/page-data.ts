import { inspect, stripVTControlCharacters } from 'node:util';
import { type DistinguishingParam, distinguishingParams, type ParamTexts } from '../distinguishing-params';
import { type FoldedPicture, isGroup } from '../fold';
import type { GraphPicture, PictureNode, PictureSpan } from '../picture';
import { stateNames, stateSigns, stateStyles, states } from '../states';

const longestParam = 2000;

/** What the page's script reads; nodes, boxes and lanes are named by their place in their list. */
export function pageData(picture: GraphPicture, { boxes, edges }: FoldedPicture, title: string): string {
  const { nodes, startedAt = 0, endedAt, spans = [] } = picture;
  const texts = nodes.map(({ params }) => Object.entries(params).map(([name, value]) => [name, shown(value)] as const));
  const places = new Map(nodes.map(({ key }, index) => [key, index]));
  const boxPlaces = new Map(boxes.map(({ key }, index) => [key, index]));
  const lanes = [...new Set(spans.map(rowOf))].sort(compareLanes);
  const lanePlaces = new Map(lanes.map((lane, index) => [lane, index]));
  const data = {
    title,
    startedAt: picture.startedAt,
    length: endedAt === undefined ? 0 : endedAt - startedAt,
    states: states.map((state) => ({
      id: state,
      sign: stateSigns[state],
      name: stateNames[state],
      look: stateStyles[state],
    })),
    nodes: nodes.map((node, index) => nodeData(node, texts[index]!, places, startedAt)),
    telling: tellingByTask(nodes, texts),
    boxes: boxes.map((box) => ({
      title: box.task,
      isGroup: isGroup(box),
      members: (isGroup(box) ? box.members : [box]).map(({ key }) => places.get(key)),
    })),
    edges: edges.map(({ from, to }) => [boxPlaces.get(from), boxPlaces.get(to)]),
    lanes,
    spans: spans.map((span) => {
      const { key, kind, startedAt: start, seconds, attempt, outcome } = span;
      return [
        places.get(key),
        lanePlaces.get(rowOf(span)),
        round(start - startedAt),
        seconds,
        outcome === 'done' ? (kind === 'load' ? 'loaded' : 'ran') : outcome,
        attempt,
      ];
    }),
  };
  // Inside a script element, `</script` and `<!--` would end the text.
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

/** The params that tell the tasks of each class apart, with what their texts have in common at their beginning. */
function tellingByTask(
  nodes: readonly PictureNode[],
  texts: readonly (readonly (readonly [string, string])[])[],
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

/** As the page shows a text on one line. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function nodeData(
  node: PictureNode,
  texts: readonly (readonly [string, string])[],
  places: ReadonlyMap<string, number>,
  runStart: number,
): object {
  const { params: _, requires, names = [], startedAt, output, ...rest } = node;
  return {
    ...rest,
    params: texts,
    requires: requires.flatMap((key) => places.get(key) ?? []),
    names: names.flatMap((key) => places.get(key) ?? []),
    ...(output !== undefined && { output: stripVTControlCharacters(output).trimEnd() }),
    ...(startedAt !== undefined && { at: round(startedAt - runStart) }),
  };
}

function shown(value: unknown): string {
  const text = inspect(value, { depth: 6, breakLength: 60, maxArrayLength: 50, maxStringLength: longestParam });
  return text.length > longestParam ? `${text.slice(0, longestParam)}…` : text;
}

/** Loads are short and many at once: they share a row. */
function rowOf({ kind, lane }: PictureSpan): string {
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
