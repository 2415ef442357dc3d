import { TidemarkError } from '../../base/error';
import type { FoldedPicture } from '../fold';
import { showCount } from '../units';
import { type MeasuredBox, measureBoxes } from './box';

/** A box with the position of its upper left corner, in pixels. */
export interface PlacedBox extends MeasuredBox {
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  /** Indices in the list of boxes. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** An SVG path that ends at the tip of the arrow. */
  readonly path: string;
  /** Centre of the label; undefined without a label. */
  readonly label?: readonly [number, number];
}

/** Positions of boxes and edges, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly PlacedEdge[];
}

const dotsPerInch = 72;
/** Size of a typical screen. */
const screen = { width: 1300, height: 760 };

/** Lays out a picture with Graphviz: from left to right, unless top to bottom is much larger on a screen. */
export async function layoutGraph(picture: FoldedPicture): Promise<Layout> {
  const boxes = measureBoxes(picture.boxes);
  if (boxes.length === 0) return { width: 0, height: 0, boxes: [], edges: [] };
  const viz = await loadGraphviz();
  const across = placeBoxes(viz, picture, boxes, 'LR');
  if (scaleOnScreen(across) > 0.8) return across;
  const down = placeBoxes(viz, picture, boxes, 'TB');
  return scaleOnScreen(down) > 1.3 * scaleOnScreen(across) ? down : across;
}

/** The scale at which a layout fits a screen. */
function scaleOnScreen({ width, height }: Layout): number {
  return Math.min(1, screen.width / width, screen.height / height);
}

type Direction = 'LR' | 'TB';

function placeBoxes(viz: Viz, picture: FoldedPicture, boxes: readonly MeasuredBox[], direction: Direction): Layout {
  const ids = new Map(boxes.map(({ box }, index) => [box.key, index]));
  const inches = (pixels: number) => (pixels / dotsPerInch).toFixed(4);
  const lines = [
    `graph [rankdir=${direction}, nodesep=0.2, ranksep=${direction === 'LR' ? 0.75 : 0.5}]`,
    'node [shape=box, fixedsize=true, label=""]',
    'edge [arrowsize=0.7, fontsize=10]',
    ...boxes.map(({ width, height }, index) => `n${index} [width=${inches(width)}, height=${inches(height)}]`),
    ...picture.edges.map((edge) => edgeLine(edge, ids, direction)),
  ];
  const result = viz.render(`digraph {\n${lines.join('\n')}\n}`, { format: 'json0' });
  if (result.status === 'failure')
    throw new TidemarkError(
      `Graphviz cannot lay out the graph: ${result.errors.map(({ message }) => message).join('; ')}`,
    );
  return readOutput(JSON.parse(result.output) as GraphvizOutput, boxes, picture);
}

function edgeLine(
  { from, to, count }: FoldedPicture['edges'][number],
  ids: ReadonlyMap<string, number>,
  direction: Direction,
): string {
  const [tail, head] = direction === 'LR' ? ['e', 'w'] : ['s', 'n'];
  // Graphviz chooses better ports for loops.
  const sides = from === to ? [] : [`tailport=${tail}`, `headport=${head}`];
  const label = count > 1 ? [`label="× ${showCount(count)}"`] : [];
  return `n${ids.get(from)} -> n${ids.get(to)} [${[...sides, ...label].join(', ')}]`;
}

type Viz = Awaited<ReturnType<typeof import('@viz-js/viz').instance>>;
let loading: Promise<Viz> | undefined;

function loadGraphviz(): Promise<Viz> {
  return (loading ??= (require('@viz-js/viz') as typeof import('@viz-js/viz')).instance());
}

/** The `json0` output of Graphviz: in points, with y upwards. */
interface GraphvizOutput {
  readonly bb: string;
  readonly objects: readonly { readonly name: string; readonly pos: string }[];
  readonly edges?: readonly {
    readonly tail: number;
    readonly head: number;
    readonly pos: string;
    readonly lp?: string;
  }[];
}

function readOutput(output: GraphvizOutput, boxes: readonly MeasuredBox[], picture: FoldedPicture): Layout {
  const [, , width, height] = output.bb.split(',').map(Number) as [number, number, number, number];
  const point = (text: string): readonly [number, number] => {
    const [x, y] = text.split(',').map(Number) as [number, number];
    return [round(x), round(height - y)];
  };
  const counts = new Map(picture.edges.map(({ from, to, count }) => [`${from}\n${to}`, count]));
  return {
    width,
    height,
    boxes: boxes.map((box, index) => {
      const [x, y] = point(output.objects[index]!.pos);
      return { ...box, x: round(x - box.width / 2), y: round(y - box.height / 2) };
    }),
    // Graphviz returns edges in the order of the nodes, not of the input.
    edges: (output.edges ?? []).map(({ tail, head, pos, lp }) => {
      const count = counts.get(`${boxes[tail]!.box.key}\n${boxes[head]!.box.key}`)!;
      return { from: tail, to: head, count, path: edgePath(pos, point), ...(lp !== undefined && { label: point(lp) }) };
    }),
  };
}

/** Converts `e,ex,ey x0,y0 x1,y1 …`: the tip, then the points of a Bézier curve. */
function edgePath(pos: string, point: (text: string) => readonly [number, number]): string {
  const parts = pos.split(' ');
  const tip = parts.find((part) => part.startsWith('e,'));
  const [start, ...rest] = parts.filter((part) => !/^[es],/.test(part)).map((part) => point(part).join(' '));
  return `M${start}C${rest.join(' ')}${tip ? `L${point(tip.slice(2)).join(' ')}` : ''}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
