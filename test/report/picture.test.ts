import { type RunEvent, Runner, Task } from 'tidemark';
import { type PictureNode, pictureOf, RunRecorder, toHtml, toJson } from '../../src/entry/report';
import { LoadRows, Score } from './fixtures/scores';

const open = () => new Runner({ storage: 'memory:', onFailure: 'continue' });

async function recorded(runner: Runner, seeds: number[], hasPlan = true) {
  const recorder = new RunRecorder(hasPlan ? pictureOf(await runner.plan(Score, { seeds })) : undefined);
  const run = runner.start(Score, { seeds });
  run.result.catch(() => {});
  for await (const event of run.events) recorder.record(event);
  return recorder.picture();
}

const states = ({ nodes }: { nodes: readonly { task: string; state: string }[] }) =>
  nodes.map(({ task, state }) => `${task} ${state}`);

it('shows the actions and reasons of a plan', async () => {
  const runner = open();
  await runner.run(LoadRows, { path: 'penguins.csv' });
  const picture = pictureOf(await runner.plan(Score, { seeds: [1, 2] }));
  expect(states(picture)).toEqual(['LoadRows to-load', 'Train to-run', 'Train to-run', 'Score to-run']);
  expect(picture.nodes[1]).toMatchObject({ why: 'there is no checkpoint', requires: [picture.nodes[0]!.key] });
  const [load, first, second, score] = picture.nodes.map(({ key }) => key);
  expect(picture.edges).toEqual([
    { from: load, to: first },
    { from: load, to: second },
    { from: first, to: score },
    { from: second, to: score },
  ]);
});

it('records the events of a run', async () => {
  const runner = open();
  const first = await recorded(runner, [1, -1]);
  expect(states(first)).toEqual(['LoadRows ran', 'Train ran', 'Train failed', 'Score skipped']);
  expect(first.nodes[2]).toMatchObject({ error: 'seed -1\nis negative', attempt: 1, worker: 'inline 1' });
  expect(first.nodes[1]).toMatchObject({ bytes: expect.any(Number), seconds: expect.any(Number) });
  expect(first.spans).toHaveLength(3);
  const again = await recorded(runner, [1]);
  expect(states(again)).toEqual(['LoadRows not-needed', 'Train loaded', 'Score ran']);
  expect(again.spans!.map(({ kind }) => kind)).toEqual(['load', 'run']);
});

it('shows the tasks that a run touched without a plan', async () => {
  const picture = await recorded(open(), [1, 2], false);
  expect(states(picture).sort()).toEqual(['LoadRows ran', 'Score ran', 'Train ran', 'Train ran']);
  expect(picture.edges).toHaveLength(4);
});

it('puts tasks that ran at the same time in separate lanes', async () => {
  const recorder = new RunRecorder();
  const at = (time: number, type: string, name: string, rest: object = {}) =>
    recorder.record({ type, time, node: { key: name, task: 'T', params: {} }, ...rest } as unknown as RunEvent);
  const started = { executor: 'threads', queue: 'T', attempt: 1, requires: [] };
  at(0, 'task-started', 'a', started);
  at(5, 'task-started', 'b', started);
  at(10, 'task-finished', 'a', { seconds: 0.01 });
  at(10, 'task-started', 'c', started);
  at(20, 'task-finished', 'b', { seconds: 0.015 });
  const { spans } = recorder.picture();
  expect(spans!.map(({ key, lane, outcome }) => [key, lane, outcome])).toEqual([
    ['a', 'threads 1', 'done'],
    ['b', 'threads 2', 'done'],
    ['c', 'threads 1', 'running'],
  ]);
});

it('shows tasks that were not retried as failed, with their duration', async () => {
  @Task({ retries: { attempts: 2, delay: 60_000 } })
  class Patient {
    run(): void {
      throw new Error('once');
    }
  }
  const recorder = new RunRecorder();
  const run = open().start(Patient);
  run.result.catch(() => {});
  for await (const event of run.events) {
    recorder.record(event);
    if (event.type === 'task-failed') run.stop();
  }
  const { nodes, spans } = recorder.picture();
  expect(nodes).toMatchObject([{ state: 'failed', error: 'once', seconds: spans![0]!.seconds }]);
  expect(spans).toHaveLength(1);
});

it('keeps the causes of a failure and their stacks', async () => {
  @Task()
  class Fetch {
    run(): void {
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    }
  }
  const recorder = new RunRecorder();
  const run = open().start(Fetch);
  run.result.catch(() => {});
  for await (const event of run.events) recorder.record(event);
  const picture = recorder.picture();
  const [{ error, stack }] = picture.nodes as readonly [PictureNode];
  expect(error).toBe('fetch failed\n    caused by: connect ECONNREFUSED');
  expect(stack).toMatch(
    /^TypeError: fetch failed\n +at .*picture\.test\.ts[\s\S]*\ncaused by: Error: connect ECONN.*\n +at /,
  );
  expect(await toHtml(picture)).toContain(JSON.stringify(stack).replaceAll('<', '\\u003c'));
});

it('keeps the end of the output of each task, and discards the output of those that printed longest ago', () => {
  const recorder = new RunRecorder();
  const prints = (key: string, output: string) =>
    recorder.record({ type: 'task-printed', time: 1, node: { key, task: 'T', params: {} }, output } as RunEvent);
  prints('a', 'first');
  prints('a', ' second');
  const outputs = () => recorder.picture().nodes.map(({ output }) => output);
  expect(outputs()).toEqual(['first second']);
  prints('a', 'x'.repeat(70_000));
  for (let i = 0; i < 63; i++) prints(`b${i}`, 'y'.repeat(65_536));
  expect(outputs()[0]).toBe('x'.repeat(65_536));
  prints('c', 'z');
  expect([outputs()[0], outputs()[1]!.length, outputs().at(-1)]).toEqual([
    expect.stringContaining('(discarded'),
    65_536,
    'z',
  ]);
});

it('keeps secrets out of plans, runs and JSON', async () => {
  const runner = open();
  const text = toJson(await recorded(runner, [1])) + toJson(pictureOf(await runner.plan(Score, {})));
  expect(text).toContain('(secret)');
  expect(text).not.toContain('hunter2');
});

it('has the same content as JSON', async () => {
  const picture = await recorded(open(), [1]);
  const { nodes, edges, spans } = JSON.parse(toJson(picture));
  expect([nodes.length, edges, spans]).toEqual([3, picture.edges, picture.spans]);
  expect(nodes[2].params).toEqual({ path: 'penguins.csv', seeds: [1] });
});
