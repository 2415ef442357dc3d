import { resolve } from 'node:path';
import { NeverSettledError, type RunFailedError, Runner, type TaskFailedError, task } from 'tidemark';
import { Heeds, Releases, Slow, Stuck, Timed } from './fixtures/never-settle';
import { pools } from './support/pools';

const modules = [resolve(__dirname, 'fixtures/never-settle.ts')];

describe.each(['threads', 'processes'] as const)('a task that never settles in %s', (kind) => {
  const runner = new Runner({ storage: 'memory:', executor: pools[kind]({ modules, size: 1 }) });
  afterAll(() => runner.close());
  const failure = async (run: Promise<unknown>) => (await run.catch((error) => error)) as RunFailedError;

  it('fails, and its worker goes on', async () => {
    const { errors, message } = await failure(runner.run(Stuck, { n: 1 }));
    expect(errors[0]!.cause).toBeInstanceOf(NeverSettledError);
    expect(message).toContain('Stuck({ n: 1 }) failed: it never settles: the event loop has nothing left to wait for.');
    expect(await runner.run(Slow)).toBe('slow');
  });

  it('is not taken for the task that its worker runs then', async () => {
    await failure(runner.run(Stuck, { n: 1 }));
    expect(await runner.run(Releases)).toBe('of its own');
  });

  it('fails beside others that settle', async () => {
    const run = runner.start([task(Stuck, { n: 1 }), task(Slow), task(Stuck, { n: 2 })], { onFailure: 'continue' });
    expect((await failure(run.result)).errors.map((error: TaskFailedError) => error.task)).toEqual(['Stuck', 'Stuck']);
    expect(await run.summary).toMatchObject({ ran: 1, failed: 2 });
  });

  it('is ended by its timeout when it has one', async () => {
    expect((await failure(runner.run(Timed))).message).toContain('it took longer than its timeout of 200 ms');
  });

  it('may wait for its signal', async () => {
    const run = runner.start(Heeds);
    setTimeout(() => run.cancel(new Error('enough')), 150);
    expect((await failure(run.result)).message).toContain('enough');
  });
});
