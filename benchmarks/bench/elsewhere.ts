import { table } from './tables';

/**
 * Python tools, measured on another machine (two cores of an AMD EPYC, Node 20.20.2, medians of five interleaved runs).
 * Times of two machines are not comparable; multiples of the floor on the same machine are.
 */
const measuredElsewhere = '22 November 2026';

const workloads: readonly {
  readonly what: string;
  readonly floor: string;
  readonly peers: Readonly<Record<string, string>>;
}[] = [
  {
    what: 'W1, µs a task at 100,000',
    floor: '1.58',
    peers: { 'dask graph': '11 to 24 ×', 'dask.delayed': '27 to 33 ×' },
  },
  {
    what: 'W2, ms: cold / warm / clear A / clear B',
    floor: '54 / 0.5 / 2.6 / 47',
    peers: {
      diskcache: '157 (2.9 ×)',
      'dask-checkpoint': '470 / 376 (8.7 × / 752 ×)',
      joblib: '536 (9.9 ×)',
      'checkpoint-tool': '37,286 / 537 / 1,561 / 31,679 (690 × / 1,074 × / 600 × / 674 ×)',
    },
  },
  {
    what: 'W3 in files, µs a task: save / load',
    floor: '18.8 / 7.7',
    peers: {
      diskcache: '56 / 12.8 (3.0 × / 1.7 ×)',
      'dask-checkpoint': '67 / 52 (3.6 × / 6.8 ×)',
      joblib: '188 / 73 (10 × / 9.5 ×)',
      'checkpoint-tool': '3,444 / 311 (183 × / 40 ×)',
    },
  },
  {
    what: 'W3 in Redis, µs a task: save / load',
    floor: '7.7 / 5.4',
    peers: { 'dask-checkpoint': '80 / 69 (10 × / 13 ×)' },
  },
  {
    what: 'W4, ms: save / load',
    floor: '12.7 / 25.9',
    peers: {
      diskcache: '99 / 36 (7.8 × / 1.4 ×)',
      joblib: '134 / 122 (11 × / 4.7 ×)',
      'dask-checkpoint': '201 / 180 (16 × / 6.9 ×)',
      'checkpoint-tool': '345 / 178 (27 × / 6.9 ×)',
    },
  },
  {
    what: 'W5, times faster than in turn',
    floor: '1.956',
    peers: { 'checkpoint-tool': '1.88', joblib: '1.68', 'dask processes': '1.61' },
  },
];

/** Their figures as Markdown, with their date. */
export function elsewhere(): string {
  const rows = workloads.flatMap(({ what, floor, peers }) =>
    Object.entries(peers).map(([peer, figures], index) => [
      index === 0 ? what : '',
      index === 0 ? floor : '',
      peer,
      figures,
    ]),
  );
  return [
    `Python tools were measured on another machine (${measuredElsewhere}; two cores of an AMD EPYC). Only the multiples of its floor, in brackets, are comparable.`,
    table(['workload', 'floor there', 'tool', 'figures there (× that floor)'], rows),
  ].join('\n\n');
}
