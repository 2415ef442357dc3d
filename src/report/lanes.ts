import type { PictureSpan } from './picture';

/** A span that has no lane yet, and what kind of lane it needs. */
export type LooseSpan = Omit<PictureSpan, 'lane'> & { readonly laneKind: string };

/** Gives each span the first lane of its kind that is free when it starts: as many lanes as ran at once. */
export function packLanes(spans: readonly LooseSpan[]): readonly PictureSpan[] {
  const freeFrom = new Map<string, number[]>();
  return [...spans]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map(({ laneKind, ...span }) => {
      let lanes = freeFrom.get(laneKind);
      if (!lanes) freeFrom.set(laneKind, (lanes = []));
      const free = lanes.findIndex((end) => end <= span.startedAt);
      const lane = free < 0 ? lanes.length : free;
      lanes[lane] = span.startedAt + span.seconds * 1000;
      return { ...span, lane: `${laneKind} ${lane + 1}` };
    });
}
