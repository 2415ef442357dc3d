import { nodeToJson } from './json';
import type { GraphPicture, PictureNode, PictureSpan } from './picture';

/**
 * What ran when as Chrome trace events, which https://ui.perfetto.dev and chrome://tracing open: a lane for each of
 * as many workers as were busy at once, arrows from what was required, and how many tasks ran.
 *
 * @example
 * await writeFile('trace.json', toTrace(recorder.picture()));
 */
export function toTrace(picture: GraphPicture): string {
  const { startedAt = 0, spans = [] } = picture;
  const micros = (time: number) => Math.round((time - startedAt) * 1e6) / 1000;
  const tracks = new Map(
    [...new Set(spans.map(({ lane }) => lane))].sort(byNumber).map((lane) => [lane, trackOf(lane)]),
  );
  const kinds = [...new Set(Array.from(tracks.values(), ({ kind }) => kind))];
  const place = ({ lane }: PictureSpan) => {
    const { kind, number } = tracks.get(lane)!;
    return { pid: kinds.indexOf(kind) + 1, tid: number };
  };
  const nodes = new Map(picture.nodes.map((node) => [node.key, node]));
  const slices = spans.map((span) => ({
    ph: 'X',
    name: nodes.get(span.key)!.task,
    cat: span.kind,
    ts: micros(span.startedAt),
    // Slices without a length cannot hold the end of an arrow.
    dur: Math.max(0.001, Math.round(span.seconds * 1e9) / 1000),
    ...place(span),
    args: argsOf(nodes.get(span.key)!, span),
  }));
  const names = [
    ...kinds.map((kind, index) => ({ ph: 'M', name: 'process_name', pid: index + 1, args: { name: kind } })),
    ...Array.from(tracks, ([lane, { kind, number }]) => ({
      ph: 'M',
      name: 'thread_name',
      pid: kinds.indexOf(kind) + 1,
      tid: number,
      args: { name: lane },
    })),
  ];
  const arrows = arrowsOf(picture, spans).flatMap(({ from, to }, id) => [
    { ph: 's', id, name: 'requires', cat: 'requires', ts: micros(from.startedAt + from.seconds * 999), ...place(from) },
    { ph: 'f', id, name: 'requires', cat: 'requires', bp: 'e', ts: micros(to.startedAt), ...place(to) },
  ]);
  const counts = runningCounts(spans).map(({ time, running }) => ({
    ph: 'C',
    name: 'running tasks',
    pid: 0,
    ts: micros(time),
    args: { running },
  }));
  const traceEvents = [...names, ...slices, ...arrows, ...counts];
  return JSON.stringify({
    traceEvents,
    displayTimeUnit: 'ms',
    otherData: { startedAt: new Date(startedAt).toISOString() },
  });
}

/** `threads 2`: the second of the threads. */
function trackOf(lane: string): { readonly kind: string; readonly number: number } {
  const end = lane.lastIndexOf(' ');
  return { kind: lane.slice(0, end), number: Number(lane.slice(end + 1)) };
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function argsOf(node: PictureNode, { attempt, outcome, kind }: PictureSpan): object {
  const { key, bytes, error, queue } = node;
  const { params } = nodeToJson(node);
  return {
    key,
    params,
    outcome: outcome === 'done' ? (kind === 'load' ? 'loaded' : 'ran') : outcome,
    ...(kind === 'run' && { attempt, queue }),
    ...(outcome === 'done' && bytes !== undefined && { bytes }),
    ...(outcome === 'failed' && error !== undefined && { error }),
  };
}

/** From the end of each requirement to the first start of what required it. */
function arrowsOf({ edges }: GraphPicture, spans: readonly PictureSpan[]): { from: PictureSpan; to: PictureSpan }[] {
  const first = new Map<string, PictureSpan>();
  const last = new Map<string, PictureSpan>();
  for (const span of spans) {
    if (!first.has(span.key)) first.set(span.key, span);
    last.set(span.key, span);
  }
  return edges.flatMap((edge) => {
    const from = last.get(edge.from);
    const to = first.get(edge.to);
    // A task that was loaded after all came from none of its requirements.
    return from && to && to.kind === 'run' && from.outcome === 'done' ? [{ from, to }] : [];
  });
}

function runningCounts(spans: readonly PictureSpan[]): readonly { time: number; running: number }[] {
  const changes = spans
    .filter(({ kind }) => kind === 'run')
    .flatMap(({ startedAt, seconds }) => [
      { time: startedAt, by: 1 },
      { time: startedAt + seconds * 1000, by: -1 },
    ])
    .sort((a, b) => a.time - b.time || a.by - b.by);
  let running = 0;
  return changes.map(({ time, by }) => ({ time, running: (running += by) }));
}
