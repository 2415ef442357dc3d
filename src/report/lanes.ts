import type { PictureSpan } from './picture';

/** A span that has no lane yet: what kind of lane it needs, and which worker it ran on when that is known. */
export type LooseSpan = Omit<PictureSpan, 'lane'> & { readonly laneKind: string; readonly worker?: string | undefined };

/**
 * Gives each span a lane: that of its worker; or, where nobody said which one that was, the first lane of its kind
 * that is free when it starts, so that there are as many lanes as ran at once.
 */
export function layLanes(spans: readonly LooseSpan[]): readonly PictureSpan[] {
  const byStart = [...spans].sort((a, b) => a.startedAt - b.startedAt);
  const withWorkers = new Set(byStart.flatMap(({ worker, laneKind }) => (worker === undefined ? [] : laneKind)));
  const own = byStart.filter(({ worker }) => worker !== undefined);
  // Where there are workers, what none of them had only waited.
  const loose = byStart.filter(({ worker, laneKind }) => worker === undefined && !withWorkers.has(laneKind));
  return [...onWorkers(own), ...packed(loose)].sort((a, b) => a.startedAt - b.startedAt);
}

/** A worker runs one task at a time: what it had ends at the latest when it begins on the next. */
function onWorkers(byStart: readonly LooseSpan[]): PictureSpan[] {
  const nextOn = new Map<string, number>();
  return [...byStart]
    .reverse()
    .map(({ laneKind: _, worker, ...span }) => {
      const lane = worker!;
      const free = (nextOn.get(lane) ?? Number.POSITIVE_INFINITY) - span.startedAt;
      nextOn.set(lane, span.startedAt);
      return { ...span, lane, seconds: Math.min(span.seconds, free / 1000) };
    })
    .reverse();
}

function packed(byStart: readonly LooseSpan[]): PictureSpan[] {
  const freeFrom = new Map<string, number[]>();
  return byStart.map(({ laneKind, worker: _, ...span }) => {
    let lanes = freeFrom.get(laneKind);
    if (!lanes) freeFrom.set(laneKind, (lanes = []));
    const free = lanes.findIndex((end) => end <= span.startedAt);
    const lane = free < 0 ? lanes.length : free;
    lanes[lane] = span.startedAt + span.seconds * 1000;
    return { ...span, lane: `${laneKind} ${lane + 1}` };
  });
}
