import { resolve } from 'node:path';
import { type Executor, inline, RunFailedError, Runner, task } from 'tidemark';
import { bullmq } from '../../src/executors/bullmq/bullmq';
import type { TidemarkWorker } from '../../src/executors/bullmq/worker/worker';
import { hostile } from '../support/hostile';
import { outcomeOf } from '../support/outcome';
import { describeWithRedis } from '../support/redis-server';
import { workerHere } from './bullmq/support/workers';
import { Fetches, Sibling, Throws, ThrowsLater } from './fixtures/hostile-tasks';
import { pools } from './support/pools';

const modules = [resolve(__dirname, 'fixtures/hostile-tasks.ts')];

/** What holds of every executor. */
function behavesUnderHostileErrors(executor: () => Executor, storage: () => string): void {
  const open = () =>
    new Runner({ storage: storage(), executor: executor(), onFailure: 'continue', onWarning: () => {} });

  it('fails a task alone by whatever it throws', async () => {
    const kinds = Object.keys(hostile);
    const { error, summary } = await outcomeOf(
      open().start([...kinds.map((which) => task(Throws, { which })), task(Sibling, { n: 1 })]),
    );
    expect(error).toBeInstanceOf(RunFailedError);
    expect(summary).toMatchObject({ ran: 1, saved: 1, failed: kinds.length });
    for (const one of (error as RunFailedError).errors) {
      expect(one.message).toMatch(/^Throws\(\{ which: '.*' \}\) failed: ./);
      expect(JSON.parse(JSON.stringify(one))).toMatchObject({ task: 'Throws', params: { which: expect.any(String) } });
    }
  });

  it('tells the causes of an error', async () => {
    const messageOf = async (how: 'refused' | 'getter' | 'several') => {
      const { error } = await outcomeOf(open().start(Fetches, { how }));
      expect(JSON.stringify(error)).toContain(how === 'getter' ? 'EAWAY' : 'ECONNREFUSED');
      return error.message;
    };
    expect(await messageOf('refused')).toMatch(/failed: fetch failed\n {4}caused by: connect ECONNREFUSED 127/);
    expect(await messageOf('getter')).toContain('upstream failed\n    caused by: upstream is away (EAWAY)');
    expect(await messageOf('several')).toMatch(
      /promises were rejected\n {4}caused by: .*fetch failed\n {4}caused by: connect ECONNREFUSED[^\n]*\n {4}caused by: second/,
    );
  });
}

describe('in process', () => behavesUnderHostileErrors(inline, () => 'memory:'));

describe.each(['threads', 'processes'] as const)('%s', (kind) => {
  let executor: Executor;
  beforeAll(() => (executor = pools[kind]({ modules })));
  afterAll(() => executor.close?.());
  behavesUnderHostileErrors(
    () => executor,
    () => 'memory:',
  );

  it('say of what a worker died, whatever that was', async () => {
    // Workers print it as well.
    const prints = [process.stdout, process.stderr].map((to) => jest.spyOn(to, 'write').mockReturnValue(true));
    for (const which of ['null', 'a symbol', 'a proxy with traps', 'an Error with a stack that throws']) {
      const { error } = await outcomeOf(
        new Runner({ storage: 'memory:', executor, onFailure: 'continue' }).start([
          task(ThrowsLater, { which }),
          task(Sibling, { n: 1 }),
        ]),
      );
      expect(error.message).toMatch(/the (thread|process) that ran it ended: (uncaught|exit code)/);
      expect(error.summary).toMatchObject({ ran: 1, failed: 1 });
    }
    for (const print of prints) print.mockRestore();
  });
});

describeWithRedis('BullMQ', (server) => {
  describe('on a worker', () => {
    let worker: TidemarkWorker;
    let executor: Executor;
    beforeAll(async () => {
      worker = await workerHere(server, { modules, concurrency: 4 });
      executor = bullmq({ connection: server.uri() });
    });
    afterAll(async () => {
      await executor.close?.();
      await worker.close();
    });
    behavesUnderHostileErrors(
      () => executor,
      () => server.uri(),
    );
  });
});
