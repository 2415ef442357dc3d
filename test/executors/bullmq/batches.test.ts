import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Runner, task } from 'tidemark';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import type { Child } from '../../support/child';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Quick, QuickSaved } from './fixtures/tasks';
import { driver, linesOf, until } from './support/drivers';
import { workerHere, workerProcess } from './support/workers';

const count = 60;

describeWithRedis('tasks that take next to no time', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  const idsIn = () => linesOf(log()).map((line) => Number(line.split(' ')[1]));
  const pidsIn = () => new Set(linesOf(log()).map((line) => line.split(' ')[0]));
  let from = 0;

  /** As many as there are, the first of them at a number that no test had before. @param special what some of them do */
  function some(special: Readonly<Record<number, string>> = {}, Task: typeof Quick = Quick) {
    from += count;
    return Array.from({ length: count }, (_, i) =>
      task(Task, { id: from + i, log: log(), does: special[i] ?? 'nothing' }),
    );
  }
  const results = () => Array.from({ length: count }, (_, i) => (from + i) * 2);

  /** Runs some, so that it is known how long they take. */
  async function getToKnow(runner: Runner, Task: typeof Quick = Quick): Promise<void> {
    for (let i = 0; i < 3; i++) {
      from += count;
      await runner.run(Array.from({ length: count }, (_, n) => task(Task, { id: from + n })));
    }
  }

  const events = async () => (await server.cli('xrange', 'tidemark.jobs:quick:events', '-', '+')).split('\n');
  const isEmpty = async () => (await server.cli('llen', 'tidemark.jobs:quick:wait')) === '0';
  let workers: Child[] = [];
  async function start(): Promise<Child> {
    const worker = await workerProcess(server, { lockDuration: 1_000, leased: 1_000 });
    workers.push(worker);
    return worker;
  }
  let ownWorkers: TidemarkWorker[] = [];
  let runners: Runner[] = [];
  /** A worker in this process. */
  async function here(concurrency = 1): Promise<TidemarkWorker> {
    const worker = await workerHere(server, { concurrency });
    ownWorkers.push(worker);
    return worker;
  }
  function drives(options: Parameters<typeof driver>[1] = {}): ReturnType<typeof driver> {
    const runner = driver(server, options);
    runners.push(runner);
    return runner;
  }
  afterEach(async () => {
    await Promise.all([...ownWorkers, ...runners].map((one) => one.close()));
    [ownWorkers, runners] = [[], []];
    for (const { process } of workers) process.kill('SIGKILL');
    await Promise.all(workers.map(({ ended }) => ended));
    workers = [];
    await server.cli('flushall');
  });

  describe('on a worker', () => {
    it.each([
      ['not saved', Quick],
      ['saved', QuickSaved],
    ])('go there many at a time: %s', async (_, Task) => {
      const worker = await here();
      const runner = drives();
      await getToKnow(runner, Task);
      await server.cli('del', 'tidemark.jobs:quick:events');
      const { result, summary } = await outcomeOf(runner.start(some({}, Task)));
      expect([result, summary.ran]).toEqual([results(), count]);
      expect(idsIn().sort((a, b) => a - b)).toEqual(results().map((id) => id / 2));
      const added = (await events()).filter((word) => word === 'added').length;
      expect([added > 0, added < count / 4]).toEqual([true, true]);
      expect(worker.health).toMatchObject({ done: 4 * count, failed: 0 });
      expect(await server.cli('keys', 'tidemark.jobs:@answers:*')).toBe('');
    });

    it('go there alone when that is asked for', async () => {
      await here();
      const runner = drives({ bundle: 1 });
      await getToKnow(runner);
      expect((await events()).filter((word) => word.startsWith('bundle.'))).toEqual([]);
    });

    it('fail alone, and are tried again', async () => {
      await here();
      const runner = drives();
      await getToKnow(runner);
      const failing = await outcomeOf(runner.start(some({ 7: 'fails', 30: 'fails' }), { onFailure: 'continue' }));
      expect(failing.summary).toMatchObject({ ran: count - 2, failed: 2 });
      expect(failing.error.errors.map(({ cause }: Error) => cause)).toEqual([
        new RangeError(`${from + 7} fails`),
        new RangeError(`${from + 30} fails`),
      ]);
      await getToKnow(runner, QuickSaved);
      const retried = await outcomeOf(runner.start(some({ 7: 'fails once', 30: 'fails once' }, QuickSaved)));
      expect([retried.result, retried.summary.ran]).toEqual([results(), count]);
      expect(await runner.executor.metrics()).toMatchObject({ quick: { waiting: 0, active: 0, failed: 4 } });
    });

    it('say what they have to say', async () => {
      await here();
      const runner = drives();
      await getToKnow(runner);
      const { events: told } = await outcomeOf(runner.start(some({ 3: 'tells', 40: 'tells' })));
      const said = told.flatMap((event) =>
        event.type === 'task-logged' || event.type === 'task-progressed'
          ? [[event.type, Number(event.node.params['id']) - from, 'message' in event ? event.message : event.note]]
          : [],
      );
      expect(said.sort()).toEqual([
        ['task-logged', 3, `this is ${from + 3}`],
        ['task-logged', 40, `this is ${from + 40}`],
        ['task-progressed', 3, 'on its way'],
        ['task-progressed', 40, 'on its way'],
      ]);
    });

    it.each([
      ['not saved', Quick],
      ['saved', QuickSaved],
    ])('do not wait for one that takes long after all: %s', async (_, Task) => {
      await here(4);
      const runner = drives();
      await getToKnow(runner, Task);
      const { result, events: told } = await outcomeOf(runner.start(some({ 5: 'takes long' }, Task)));
      expect(result).toEqual(results());
      // None of them ran twice.
      expect(idsIn()).toHaveLength(count);
      const finished = told.flatMap((event) => (event.type === 'task-finished' ? event.node.params['id'] : []));
      expect([finished.length, finished.at(-1)]).toEqual([count, from + 5]);
    });

    it('are tried again by themselves, whatever becomes of another driver that tries the same', async () => {
      await here();
      const [one, other] = [drives(), drives({ bundle: 1 })];
      await getToKnow(one, QuickSaved);
      const refs = some({ 0: 'fails once', 1: 'takes' }, QuickSaved).slice(0, 4);
      const first = one.run(refs);
      await until(() => idsIn().includes(from + 1));
      const second = other.run(refs[0]!);
      expect([await first, await second]).toEqual([results().slice(0, 4), from * 2]);
    });

    it('are not begun any more when the run is stopped and they come back', async () => {
      const worker = await here();
      const runner = drives();
      await getToKnow(runner);
      const run = runner.start(some({ 2: 'takes' }));
      await until(() => idsIn().includes(from + 2));
      run.stop();
      await worker.close();
      const { error, summary } = await outcomeOf(run);
      expect(error.message).toMatch('the run was stopped');
      expect(summary.ran).toBe(idsIn().length);
      expect(summary.ran + summary.skipped).toBe(count);
    });

    it('run again elsewhere when a worker is killed, and only the one that kills it is lost', async () => {
      const runner = drives();
      await start();
      await getToKnow(runner);
      const running = outcomeOf(runner.start(some({ 20: 'kills' }), { onFailure: 'continue' }));
      for (let i = 0; i < 4; i++) {
        const { ended } = workers.at(-1)!;
        if (await Promise.race([ended.then(() => true), running.then(() => false)])) await start();
      }
      const { summary, error } = await running;
      expect(summary).toMatchObject({ ran: count - 1, failed: 1 });
      expect(error.message).toMatch(/the workers that ran it were lost/);
      expect(pidsIn().size).toBeGreaterThan(2);
    });

    it('are handed back when it stops, but for those that are over', async () => {
      const runner = drives();
      const first = await start();
      await getToKnow(runner);
      const running = runner.run(some({ 5: 'takes' }));
      await until(() => idsIn().includes(from + 5));
      first.process.kill('SIGTERM');
      await wait(50);
      first.process.kill('SIGTERM');
      await first.ended;
      await start();
      expect(await running).toEqual(results());
      const again = idsIn().filter((id, i, all) => all.indexOf(id) !== i);
      expect(again).toEqual([from + 5]);
    });

    it('are computed once though two drivers ask for them at the same time, when they are saved', async () => {
      await here(4);
      const [one, other] = [drives(), drives()];
      await getToKnow(one, QuickSaved);
      await getToKnow(other, QuickSaved);
      const refs = some({ 10: 'takes' }, QuickSaved);
      expect(await Promise.all([one.run(refs), other.run(refs)])).toEqual([results(), results()]);
      expect(idsIn()).toHaveLength(count);
    });
  });

  it('cost no result when all connections are cut again and again', async () => {
    await start();
    const runner = drives();
    await getToKnow(runner);
    const ids = Array.from({ length: 4_000 }, (_, i) => (from += i === 0 ? count : 1));
    const running = outcomeOf(runner.start(ids.map((id) => task(Quick, { id, log: log() }))));
    for (let i = 0; i < 5; i++) {
      await until(() => idsIn().length >= i * 500);
      await server.cli('client', 'kill', 'type', 'normal');
    }
    const { result, summary } = await running;
    expect(result).toEqual(ids.map((id) => id * 2));
    expect([summary.ran, summary.failed]).toEqual([ids.length, 0]);
    from += ids.length;
  });

  describe('that wait for a worker', () => {
    /** Has some wait in bundles. */
    async function waiting(Task: typeof Quick = Quick) {
      const runner = drives();
      const worker = await here();
      await getToKnow(runner, Task);
      await worker.close();
      const refs = some({}, Task);
      const run = runner.start(refs);
      await until(async () => !(await isEmpty()));
      return { runner, run, refs };
    }

    it('are taken back when the run is stopped', async () => {
      const run = (await waiting()).run;
      run.stop();
      await expect(run.result).rejects.toThrow('the run was stopped');
      expect([await isEmpty(), (await run.summary).skipped]).toEqual([true, count]);
    });

    it('are removed when it is cancelled', async () => {
      const run = (await waiting()).run;
      run.cancel(new Error('enough of it'));
      await expect(run.result).rejects.toThrow('enough of it');
      await until(isEmpty);
      expect(await server.cli('keys', 'tidemark.jobs:quick:bundle.*')).toBe('');
    });

    it.each(['stop', 'cancel'] as const)('stay for another run of the driver: %s', async (end) => {
      const { runner, run, refs } = await waiting(QuickSaved);
      const other = runner.start(refs.slice(3, 7));
      await new Promise(setImmediate);
      run[end]();
      const over = outcomeOf(run);
      await here();
      expect(await other.result).toEqual(results().slice(3, 7));
      expect((await over).error).toBeDefined();
    });

    it('are added again when Redis loses them', async () => {
      const run = (await waiting()).run;
      const keys = await server.cli('keys', 'tidemark.jobs:quick:bundle.*');
      await server.cli('del', 'tidemark.jobs:quick:wait', ...keys.split('\n'));
      await here();
      expect(await run.result).toEqual(results());
    });
  });
});
