import { type Axis, type Series, steps } from './axis';

const beside = (program: string, args: Series['args']): readonly Series[] => [
  { name: 'floor', program, args: (value) => ['floor', ...args(value)] },
  { name: 'Tidemark', program, args: (value) => ['ours', ...args(value)] },
];

const odd = (value: number) => String(value + 1 - (value % 2));

const value = (phase: string): readonly Series[] =>
  beside('growth/value.js', (size) => [phase, 'FOLDER', String(size)]).map((one) => ({
    ...one,
    name: `${one.name}, ${phase}`,
    ...(phase === 'load' && { before: (size: number) => [one.args(size)[0]!, 'save', 'FOLDER', String(size)] }),
  }));

const checkpoints = (name: string, contestant: string, store: string): Series => ({
  name,
  program: 'growth/checkpoints.js',
  before: (count) => [contestant, 'fill', store, 'FOLDER', String(count)],
  args: (count) => [contestant, 'probe', store, 'FOLDER', String(count)],
});

/** All that `npm run bench:growth` measures. */
export const axes: readonly Axis[] = [
  {
    name: 'tasks',
    title: 'A tree of N tasks, nothing saved',
    unit: 'tasks',
    values: steps(1000, 1_000_000),
    series: beside('w1-tree/tree.js', (n) => [odd(n)]),
    figures: [{ name: 'µs a task' }, { name: 'peak MB', isLogarithmic: true }],
    growsBy: { 'µs a task': 'one', 'peak MB': 'all' },
  },
  {
    name: 'width',
    title: '100,000 tasks in fans of different widths',
    unit: 'tasks that one task requires',
    values: steps(1, 100_000),
    series: beside('growth/width.js', (width) => [String(width)]),
    figures: [{ name: 'µs a task' }, { name: 'peak MB' }],
  },
  {
    name: 'value',
    title: 'One result in files, by its size in bytes',
    unit: 'bytes',
    values: steps(10, 1_000_000_000),
    series: [...value('save'), ...value('load')],
    figures: [
      { name: 'µs a value', isLogarithmic: true },
      { name: 'peak MB', isLogarithmic: true },
    ],
    growsBy: { 'µs a value': 'all' },
  },
  {
    name: 'checkpoints',
    title: 'A storage with many checkpoints of one task',
    unit: 'checkpoints',
    values: steps(1000, 1_000_000),
    series: [
      checkpoints('floor, files', 'floor', 'file'),
      checkpoints('files', 'ours', 'file'),
      checkpoints('LMDB', 'ours', 'lmdb'),
    ],
    figures: [{ name: 'µs to save one' }, { name: 'µs to load one' }, { name: 'µs to list one' }],
    growsBy: { 'µs to list one': 'one' },
    growsInPlace: true,
  },
  {
    name: 'clears',
    title: 'A storage in which so many single results were cleared',
    unit: 'clears',
    values: steps(1000, 100_000),
    series: ['file', 'lmdb'].map((store) => ({
      name: store === 'file' ? 'files' : 'LMDB',
      program: 'growth/clears.js',
      before: (count) => ['fill', store, 'FOLDER', String(count)],
      args: (count) => ['probe', store, 'FOLDER', String(count)],
    })),
    figures: [{ name: 'ms a run that loads one number' }, { name: 'ms to clear one' }],
    growsInPlace: true,
  },
  {
    name: 'concurrency',
    title: '100,000 tasks that each wait for one turn of the event loop, by concurrency',
    unit: 'tasks at once',
    values: steps(1, 10_000),
    series: beside('growth/concurrency.js', (limit) => [String(limit)]),
    figures: [{ name: 'µs a task' }, { name: 'peak MB' }],
  },
];
