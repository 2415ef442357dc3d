import { type Case, type Contestant, floor, type Target } from './case';
import * as by from './contestants';

const w1 = (n: number, beside: readonly Contestant[], asked: boolean): Case => ({
  name: `w1 tree, ${n.toLocaleString('en')} tasks`,
  group: 'w1',
  program: 'w1-tree/tree.js',
  args: [String(n)],
  beside: [floor, ...beside],
  ...(asked && { targets: { 'µs a task': { floors: 2 }, 'peak MB': { floors: 1.3 } } }),
  ...(n !== 100_001 && {
    inShort: {
      what: `graph and run of ${n.toLocaleString('en')} tiny tasks, nothing saved, µs a task`,
      floor: 'promises in a `Map`',
    },
  }),
});

const w2 = (phase: string, target: Target, inShort?: Case['inShort']): Case => ({
  name: `w2 binomials, ${phase}`,
  group: 'w2',
  program: 'w2-binomials/binomials.js',
  args: ['FOLDER', phase],
  beside: [floor, ...by.caches],
  targets: { ms: target },
  ...(phase !== 'cold' && { after: ['FOLDER', 'cold'] }),
  ...(inShort && { inShort }),
});

const w3 = (store: string, phase: string, floors: number): Case => ({
  name: `w3 many small, ${store}, ${phase}`,
  group: 'w3',
  program: 'w3-many-small/many-small.js',
  args: [store, phase, 'FOLDER'],
  beside: [
    floor,
    ...(store === 'redis' ? by.cachesInRedis : store === 'file' ? by.caches : store === 'memory' ? [by.keyv] : []),
  ],
  targets: { 'µs a task': { floors } },
  ...(phase === 'load' && store !== 'memory' && { after: [store, 'save', 'FOLDER'] }),
  needsRedis: store === 'redis',
  ...(store === 'file' && {
    inShort:
      phase === 'save'
        ? { what: '10,000 objects of 1 KB saved to files, µs each', floor: 'cbor-x and `writeFileSync`' }
        : { what: 'the same objects loaded in a new process, µs each', floor: '`readFileSync` and cbor-x' },
  }),
});

const w4 = (phase: string, flush: string, floors: number): Case => ({
  name: `w4 large array, ${phase}${flush === 'always' ? ' and flush' : ''}`,
  group: 'w4',
  program: 'w4-large-array/large-array.js',
  args: [phase, flush, 'FOLDER'],
  beside: [floor, by.cborFile, by.keyv],
  targets: { ms: { floors }, 'peak MB': { most: 260 } },
  ...(phase === 'load' && { after: ['save', flush, 'FOLDER'] }),
  ...(phase === 'save' &&
    flush === 'never' && {
      inShort: { what: 'one array of 100 MB saved, ms', floor: '`writeSync`' },
    }),
});

const w5 = (kind: string): Case => ({
  name: `w5 workers, ${kind}`,
  group: 'w5',
  program: 'w5-workers/workers.js',
  args: [kind],
  beside: [floor, ...(kind === 'threads' ? [by.piscina] : [])],
  targets: { 'times faster than in turn': { least: 1.92 } },
  ...(kind === 'threads' && {
    inShort: {
      what: '64 tasks of 50 ms on two worker threads, thread start included, speed-up over serial execution',
      floor: 'two bare threads',
      figure: 'times faster than in turn',
    },
  }),
});

const execution = (what: string, one: Pick<Case, 'program' | 'beside' | 'targets' | 'floorIs'>): Case => ({
  name: `execution, ${what}`,
  group: 'execution',
  args: [],
  ...one,
});

const tinyJobs: Case = {
  name: 'distributed, tiny tasks',
  group: 'distributed',
  program: 'distributed/bullmq/bullmq.js',
  args: [],
  beside: [floor, { name: 'heard', packages: ['bullmq'] }, { name: 'one by one', packages: [] }],
  floorIs: 'BullMQ',
  // 80 % of the jobs a second.
  targets: { 'µs a job': { floors: 1.25 } },
  needsRedis: true,
};

const leases = (store: string): Case => ({
  name: `leases, ${store}`,
  group: 'leases',
  program: 'distributed/leases/leases.js',
  args: [store, 'FOLDER'],
  beside: [],
  targets: { 'keys computed twice': { most: 0 }, '% of a core, highest': { most: 5 } },
  needsRedis: store === 'redis',
});

const warm = (phase: string, most: number): Case => ({
  name: `warm tree, ${phase}`,
  group: 'warm',
  program: 'warm-tree/warm.js',
  args: [phase, 'FOLDER'],
  beside: [],
  targets: { ms: { most } },
  after: ['save', 'FOLDER'],
  sharesFolder: true,
});

const startUp = (what: string, target: Target, inShort?: Case['inShort']): Case => ({
  name: `start-up, ${what}`,
  group: 'start-up',
  program: 'start-up/start-up.js',
  args: [what, 'FOLDER'],
  beside: [floor],
  floorIs: 'node',
  targets: { ms: target },
  ...(inShort && { inShort }),
});

const lossless = (what: string, target?: Target): Case => ({
  name: `lossless check, ${what}`,
  group: 'lossless',
  program: 'lossless-check/lossless-check.js',
  args: [what],
  beside: [floor],
  ...(target && { targets: { 'µs a value': target } }),
});

const progress = (pace: string, targets?: Case['targets']): Case => ({
  name: `progress on a terminal, ${pace}`,
  group: 'progress',
  program: 'progress/progress.js',
  args: [pace],
  beside: [floor],
  floorIs: 'silent',
  ...(targets && { targets }),
});

const fast = [by.effect, by.effectInTurn, by.pLimit, by.pQueue, by.pGraph, by.keyv, by.cacheable, by.cacheManager];

/** All that `npm run bench` measures, in the order of its tables. */
export const cases: readonly Case[] = [
  // async.auto is quadratic, a flow of BullMQ costs a hundred times as much as the others.
  w1(10_001, [...fast, by.asyncAuto, by.bullmqFlow], false),
  w1(100_001, fast, true),
  w1(1_000_001, fast, true),
  w2(
    'cold',
    { floors: 1.6 },
    { what: '2,600 tiny tasks, each saved to a file, ms', floor: '`writeFileSync` for each' },
  ),
  w2(
    'warm',
    { most: 15 },
    {
      what: 'warm start: the same 2,600 tasks in a new process, the target is loaded, ms',
      floor: 'one `readFileSync`',
    },
  ),
  w2(
    'clear-a',
    { floors: 3 },
    {
      what: 'warm start after one result was cleared: 50 of these tasks rerun, ms',
      floor: '`readFileSync` and `writeFileSync`',
    },
  ),
  w2('clear-b', { floors: 1.7 }),
  w3('memory', 'save', 1.7),
  w3('memory', 'load', 1.7),
  w3('file', 'save', 1.25),
  w3('file', 'load', 1.3),
  w3('lmdb', 'save', 1.6),
  w3('lmdb', 'load', 1.6),
  w3('redis', 'save', 1.6),
  w3('redis', 'load', 1.6),
  w4('save', 'never', 1.6),
  w4('save', 'always', 1.6),
  w4('load', 'never', 1.3),
  w5('threads'),
  w5('processes'),
  execution('tiny tasks on threads', {
    program: 'execution/tiny.js',
    beside: [{ ...floor, packages: by.piscina.packages }],
    floorIs: 'piscina',
    targets: { 'µs a task': { floors: 2.5 } },
  }),
  execution('100 MB to a thread and back', {
    program: 'execution/large.js',
    beside: [floor],
    targets: { ms: { floors: 1.5 } },
  }),
  tinyJobs,
  leases('file'),
  leases('redis'),
  warm('target', 400),
  warm('all', 1000),
  startUp('import', { floors: 1.6 }, { what: 'importing the package, start of Node included, ms', floor: 'bare Node' }),
  startUp('version', { floors: 1.6 }),
  startUp('run', { floors: 5 }, { what: '`tidemark run` of one task in TypeScript, ms', floor: 'bare Node' }),
  progress('steady', { 'ms of CPU': { floors: 1.02 }, 'events a second': { least: 10_000 } }),
  progress('flat out'),
  lossless('objects', { floors: 1.4 }),
  lossless('array'),
];
