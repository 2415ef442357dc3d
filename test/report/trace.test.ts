import 'reflect-metadata';
import { join } from 'node:path';
import fc from 'fast-check';
import { processes, type RunEvent, Runner, task, threads } from 'tidemark';
import { type PictureSpan, pictureOf, RunRecorder, toTrace } from '../../src/entry/report';
import { node, pictureOfNodes, wide } from './fixtures/pictures';
import { Fails, Pair, Sleep } from './fixtures/workers';
import { readTrace } from './support/read-trace';

const workers = {
  modules: [join(__dirname, 'fixtures/workers.ts')],
  execArgv: ['-r', join(__dirname, '../support/register.js')],
  size: 2,
};

it('has a lane per worker, arrows for requirements and a count of running tasks', () => {
  const picture = wide(8);
  const rest = { kind: 'load', attempt: 1, outcome: 'done' } as const;
  const load = { ...rest, key: 'Load/0', startedAt: 1e12 - 10, seconds: 0.01, lane: 'loads 1' };
  const read = readTrace(toTrace({ ...picture, startedAt: 1e12 - 10, spans: [load, ...picture.spans!] }));
  expect(read.lanes).toEqual(['loads 1', 'threads 1', 'threads 2', 'threads 3', 'threads 4']);
  expect(read.slices[1]).toMatchObject({
    name: 'Train',
    process: 'threads',
    lane: 'threads 1',
    start: 10e6,
    end: 1010e6,
    args: { key: 'Train/0', params: { seed: 0 }, outcome: 'ran' },
  });
  expect(read.flows).toHaveLength(8);
  expect(new Set(read.flows.map(([from]) => from.args['key']))).toEqual(new Set(['Load/0']));
  expect(Math.max(...read.counters.get('running tasks')!)).toBe(4);
});

it('is read correctly by viewers, however short and close its tasks are', () => {
  // Milliseconds since 1970 have a resolution of a quarter of a microsecond.
  const time = fc.integer({ min: 0, max: 60 }).map((steps) => 1.7e12 + steps / 4096);
  const task = fc.record({ from: time, to: time, lane: fc.constantFrom('inline 1', 'inline 2', 'threads 1', 'odd') });
  const requires = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 20 });
  const check = (tasks: { from: number; to: number; lane: string }[], edges: [number, number][]) => {
    const free = new Map<string, number>();
    const spans: PictureSpan[] = [];
    for (const [i, { from, to, lane }] of [...tasks].sort((a, b) => a.from - b.from).entries()) {
      const startedAt = Math.max(from, free.get(lane) ?? 0);
      const seconds = Math.max(0, to - startedAt) / 1000;
      free.set(lane, startedAt + seconds * 1000);
      spans.push({ key: `T/${i}`, kind: 'run', startedAt, seconds, attempt: 1, outcome: 'done', lane });
    }
    const nodes = spans.map(({ key }, i) =>
      node(key, { requires: edges.flatMap(([to, from]) => (to === i && from < i ? `T/${from}` : [])) }),
    );
    const { slices } = readTrace(toTrace({ ...pictureOfNodes(nodes), startedAt: 1.7e12, endedAt: 1.8e12, spans }));
    expect(slices.map(({ args }) => args['key']).sort()).toEqual(spans.map(({ key }) => key).sort());
  };
  fc.assert(fc.property(fc.array(task, { minLength: 1, maxLength: 10 }), requires, check), { numRuns: 500 });
});

it.each([
  ['threads', () => threads(workers), /^threads \d+$/],
  ['processes', () => processes(workers), /^processes \d+$/],
])('has a lane for each of the %s, in which spans begin when a worker starts the task', async (kind, open, lane) => {
  const target = Array.from({ length: 4 }, (_, id) => task(Pair, { id }));
  const executor = open();
  const runner = new Runner({ storage: 'memory:', executor });
  const recorder = new RunRecorder(pictureOf(await runner.plan(target)));
  const assigned: string[] = [];
  for await (const event of runner.start(target).events) {
    recorder.record(event);
    if (event.type === 'task-assigned') assigned.push(event.worker);
  }
  await runner.close();
  const { lanes, slices, flows, counters } = readTrace(toTrace(recorder.picture()));
  expect(lanes).toHaveLength(2);
  expect(lanes.every((name) => lane.test(name))).toBe(true);
  expect(assigned.sort()).toEqual(slices.map((slice) => slice.lane).sort());
  expect([slices.length, flows.length]).toEqual([12, 8]);
  expect(slices.every(({ process, args }) => process === kind && args['pid'] > 0 === (kind === 'processes'))).toBe(
    true,
  );
  expect(Math.max(...counters.get('running tasks')!)).toBe(2);
});

it('gives separate lanes to workers of two pools and to a replaced process', async () => {
  const [first, second] = [threads({ ...workers, size: 1 }), threads({ ...workers, size: 1 })];
  const queues = { Sleep: { executor: first }, Pair: { executor: second } };
  const runner = new Runner({ storage: 'memory:', queues });
  const recorder = new RunRecorder();
  for await (const event of runner.start([task(Pair, { id: 1 }), task(Sleep, { id: 9 })]).events)
    recorder.record(event);
  await runner.close();
  expect(readTrace(toTrace(recorder.picture())).lanes.filter((lane) => lane.startsWith('threads'))).toHaveLength(2);
});

it('shows a failed task in its lane, and no task that never reached a worker', async () => {
  const executor = threads({ ...workers, size: 1 });
  const runner = new Runner({ storage: 'memory:', executor });
  const run = runner.start([task(Fails), task(Sleep, { id: 1, milliseconds: 60_000 }), task(Sleep, { id: 2 })]);
  run.result.catch(() => {});
  const recorder = new RunRecorder();
  const events: RunEvent[] = [];
  for await (const event of run.events) {
    recorder.record(event);
    events.push(event);
    if (event.type === 'task-failed') run.cancel(new Error('enough'));
  }
  await runner.close();
  const { slices } = readTrace(toTrace(recorder.picture()));
  const assigned = events.filter(({ type }) => type === 'task-assigned');
  expect(slices.map(({ args }) => args['outcome'])).toEqual(assigned.map(() => 'failed'));
  expect(slices[0]).toMatchObject({ name: 'Fails', args: { error: 'it fails' } });
});
