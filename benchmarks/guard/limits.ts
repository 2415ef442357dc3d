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
 * The limits. They are wide, since false alarms make people ignore a guard:
 *
 * - Ratios compare CPU time, so waiting for a busy core costs nothing; floor and Tidemark run in turn, in slices of a
 *   few milliseconds of one process, with the same caches and clock rate; the result is the median of 25. In 20 runs on
 *   two cores with a load of up to 11, the error was at most a third; other versions of Node and other CPUs also change
 *   the ratio. Twice the usual ratio is beyond that, and noticeable for people.
 * - Bytes depend on the code that the compiler has optimised so far (at most 7 %) and on the version of Node (up to 50
 *   %). They reveal costs that the time does not, since garbage collection comes later.
 * - With ten times as many tasks, the cost per task was 0.8 to 1.4 times as high. Code that copies or searches a list
 *   for each task costs 2.5 to 10 times as much.
 * - Counts are exact. The number of loaded files grows with the package, so its limit leaves some room.
 */
export const guarded: readonly Guarded[] = [
  {
    program: 'ratios.js',
    what: 'processor time, in floors',
    factor: 2,
    usual: {
      'nothing is saved': 4.4,
      'results are saved in memory': 4.4,
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
    // A run that loads its target reads the epoch of the store and the marks of the task, at the same time, and the
    // record.
    usual: { 'for each task that is saved': 2.08, 'of a run that loads its target': 3 },
  },
  { program: 'imports.js', what: 'files loaded by the import', factor: 1.25, usual: { 'of the package': 5 } },
];
