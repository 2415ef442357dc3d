/** A guarded program of this folder, and the limits of the figures it prints. */
export interface Guarded {
  readonly program: string;
  readonly what: string;
  readonly nodeOptions?: readonly string[];
  /** The factor by which figures may exceed the recorded ones. */
  readonly factor: number;
  /** The recorded figures. */
  readonly usual: Readonly<Record<string, number>>;
}

const largeYoungGeneration = ['--min-semi-space-size=256', '--max-semi-space-size=256', '--expose-gc'];

/**
 * The limits. They are wide, since a guard that trips for nothing is soon ignored:
 *
 * - Ratios are of processor time, so waiting for a busy core costs nothing; floor and Tidemark take turns in slices of
 *   a few milliseconds of one process, so that both meet the same caches and clock rate; and a median of 25 counts. In
 *   20 runs on two cores with a load of up to 11 they were off by a third at most; other versions of Node, and other
 *   processors, move them as well. Twice the usual is beyond that, and is what a person begins to notice.
 * - Bytes depend on what the compiler has optimised by then, which moved them by 7 % at most, and on the version of
 *   Node: half as much again. They see what time does not, since what is allocated is paid for later.
 * - What ten times as many tasks cost was 0.8 to 1.4 times as much each. What copies or searches a list for each task
 *   costs 2.5 to 10 times as much.
 * - Counts are exact. Files that are loaded grow as the package does, so that there is some room.
 */
export const guarded: readonly Guarded[] = [
  {
    program: 'ratios.js',
    what: 'processor time, in floors',
    factor: 2,
    usual: {
      'nothing is saved': 4.4,
      'results are saved in memory': 3.0,
      'results are loaded from memory': 5.9,
      'a graph is planned, its target loaded': 17,
    },
  },
  {
    program: 'allocations.js',
    what: 'bytes allocated for a task',
    nodeOptions: largeYoungGeneration,
    factor: 1.5,
    usual: {
      'nothing is saved': 3330,
      'results are saved in memory': 18_800,
      'results are loaded from memory': 9800,
      'a graph is planned, its target loaded': 3640,
    },
  },
  {
    program: 'growth.js',
    what: 'a task among ten times as many, × its cost',
    factor: 2,
    usual: { 'a tree': 1, 'a fan': 1, 'a chain': 1, 'a loop of refs': 1 },
  },
  {
    program: 'counts.js',
    what: 'storage operations',
    factor: 1.25,
    // A run that loads its target reads the epoch of the store and the marks of the task, at the same time, and the record.
    usual: { 'for each task that is saved': 2.08, 'of a run that loads its target': 3 },
  },
  { program: 'imports.js', what: 'files loaded by the import', factor: 1.25, usual: { 'of the package': 144 } },
];
