import type { GraphPicture, PictureNode, PictureSpan } from './picture';
import { nodeToJson } from './text-formats';

/** Writes a run as Chrome trace events. */
export function toTrace(picture: GraphPicture): string {
  const { startedAt = 0, spans = [] } = picture;
  const tracks = makeTracks(spans);
  const slices = toSlices(spans, startedAt);
  const nodes = new Map(picture.nodes.map((node) => [node.key, node]));
  const place = ({ lane }: PictureSpan) => tracks.lanes.get(lane)!;
  const tasks = slices.map(({ span, from, to }) => ({
    ph: 'X',
    name: nodes.get(span.key)!.task,
    cat: span.kind,
    ts: from,
    dur: to - from,
    ...place(span),
    args: sliceArgs(nodes.get(span.key)!, span),
  }));
  const arrows = requirementArrows(picture, slices).flatMap(({ from, to }, id) => [
    // Each end must be inside its slice: viewers ignore others.
    { ph: 's', id, name: 'requires', cat: 'requires', ts: from.to - tickMicros, ...place(from.span) },
    { ph: 'f', id, name: 'requires', cat: 'requires', bp: 'e', ts: to.from, ...place(to.span) },
  ]);
  const counts = runningCounts(slices).map(({ time, tasks: running }) => ({
    ph: 'C',
    name: 'running',
    pid: tracks.counters,
    tid: tracks.counters,
    ts: time,
    args: { tasks: running },
  }));
  return JSON.stringify({
    // Arrows come after their slices, since events of the same time are read in this order.
    traceEvents: [...tracks.names, ...tasks, ...arrows, ...counts],
    displayTimeUnit: 'ms',
    otherData: { startedAt: new Date(startedAt).toISOString() },
  });
}

/** Times are multiples of an eighth of a microsecond, which stay exact when viewers convert them to nanoseconds. */
const tickMicros = 1 / 8;

/** A span, in microseconds since the start of the run. */
interface Slice {
  readonly span: PictureSpan;
  readonly from: number;
  readonly to: number;
}

/** Slices of a lane neither overlap nor are empty: viewers would nest overlapping slices and drop arrows of empty ones. */
function toSlices(spans: readonly PictureSpan[], startedAt: number): readonly Slice[] {
  const micros = (time: number) => Math.round(((time - startedAt) * 1000) / tickMicros) * tickMicros;
  const free = new Map<string, number>();
  return [...spans]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map((span) => {
      const from = Math.max(micros(span.startedAt), free.get(span.lane) ?? 0);
      const to = Math.max(micros(span.startedAt + span.seconds * 1000), from + tickMicros);
      free.set(span.lane, to);
      return { span, from, to };
    });
}

/** Makes a process for each kind of lane, and in it a thread for each lane. All ids are unique. */
function makeTracks(spans: readonly PictureSpan[]) {
  const names = [...new Set(spans.map(({ lane }) => lane))].sort(byNumber);
  const kinds = [...new Set(names.map(laneKind))];
  const counters = kinds.length + 1;
  const lanes = new Map(
    names.map((lane, index) => [lane, { pid: kinds.indexOf(laneKind(lane)) + 1, tid: counters + 1 + index }]),
  );
  const metadata = (name: string, place: { pid: number; tid?: number }, text: string, order: number) => [
    { ph: 'M', name: `${name}_name`, ...place, args: { name: text } },
    { ph: 'M', name: `${name}_sort_index`, ...place, args: { sort_index: order } },
  ];
  return {
    lanes,
    counters,
    names: [
      ...[...kinds, 'run'].flatMap((kind, index) => metadata('process', { pid: index + 1 }, kind, index)),
      ...Array.from(lanes, ([lane, place], index) => metadata('thread', place, lane, index)).flat(),
    ],
  };
}

/** `threads` for `threads 2`. */
function laneKind(lane: string): string {
  return lane.replace(/ \d+$/, '');
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function sliceArgs(node: PictureNode, { attempt, outcome, kind, pid }: PictureSpan): object {
  const { key, bytes, error, queue } = node;
  const { params } = nodeToJson(node);
  return {
    key,
    params,
    outcome: outcome === 'done' ? (kind === 'load' ? 'loaded' : 'ran') : outcome,
    ...(kind === 'run' && { attempt, queue }),
    ...(pid !== undefined && { pid }),
    ...(outcome === 'done' && bytes !== undefined && { bytes }),
    ...(outcome === 'failed' && error !== undefined && { error }),
  };
}

/** Makes arrows from the end of each requirement to the first start of its dependent. */
function requirementArrows({ nodes }: GraphPicture, slices: readonly Slice[]): readonly { from: Slice; to: Slice }[] {
  const first = new Map<string, Slice>();
  const last = new Map<string, Slice>();
  for (const slice of slices) {
    if (!first.has(slice.span.key)) first.set(slice.span.key, slice);
    last.set(slice.span.key, slice);
  }
  return nodes.flatMap(({ key, requires }) => {
    const to = first.get(key);
    // A loaded task used none of its requirements.
    if (to?.span.kind !== 'run') return [];
    return requires.flatMap((required) => {
      const from = last.get(required);
      return from?.span.outcome === 'done' && from.to <= to.from + tickMicros ? { from, to } : [];
    });
  });
}

function runningCounts(slices: readonly Slice[]): readonly { readonly time: number; readonly tasks: number }[] {
  const changes = slices
    .filter(({ span }) => span.kind === 'run')
    .flatMap(({ from, to }) => [
      { time: from, by: 1 },
      { time: to, by: -1 },
    ])
    .sort((a, b) => a.time - b.time || a.by - b.by);
  let tasks = 0;
  return changes.map(({ time, by }) => ({ time, tasks: (tasks += by) }));
}
