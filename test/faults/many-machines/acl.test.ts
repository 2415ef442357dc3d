import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { task } from 'tidemark';
import { linesOf, until } from '../../executors/bullmq/support/drivers';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { expected, Kept, Slow, SlowOnce, Whole } from './fixtures/tasks';
import { Cluster } from './support/cluster';

const page = readFileSync(resolve(__dirname, '../../../docs/many-machines.md'), 'utf8');
/** What the page says a user needs who runs tasks on many machines and nothing else. */
const rule = /^ACL SETUSER tidemark (.+)$/m.exec(page)![1]!.split(' ');
const seed = 3;
const count = 20;

describeWithRedis('a user of Redis with the rights that docs/many-machines.md names', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  let cluster: Cluster;
  const uri = () => server.uri().replace('redis://', 'redis://tidemark:secret@');
  beforeEach(async () => {
    await server.cli('acl', 'setuser', 'tidemark', ...rule.map((part) => part.replace(/^>.*/, '>secret')));
    await server.cli('acl', 'log', 'reset');
    cluster = new Cluster(server);
  });
  afterEach(() => cluster.close());

  it('may do all that runners and workers do', async () => {
    const workers = [await cluster.worker({}, uri()), await cluster.worker({ concurrency: 2 }, uri())];
    const runner = cluster.runner({}, { queues: { work: { concurrency: 3 } } }, uri());
    const { result } = await outcomeOf(runner.start(Whole, { seed, count, log: log() }));
    expect(result).toEqual(Array.from({ length: count }, (_, id) => expected(seed, id).sum));
    const cancelled = runner.start([1, 2, 3, 4, 5].map((id) => task(SlowOnce, { id, log: log(), takes: 60_000 })));
    await until(() => linesOf(log()).length >= count + 3);
    cancelled.cancel(new Error('enough'));
    await expect(cancelled.result).rejects.toThrow('enough');
    // One is lost, which the others notice.
    const slow = runner.run(task(Slow, { log: log(), takes: 1_000 }));
    await wait(300);
    await cluster.kill(workers[0]!);
    await slow;
    await runner.clear(Kept);
    workers[1]!.process.kill('SIGTERM');
    await workers[1]!.ended;
    expect(await server.cli('acl', 'log')).toBe('');
  });

  it.each([['get', 'other:key'], ['set', 'other:key', '1'], ['flushall'], ['config', 'get', '*'], ['keys', '*']])(
    'may not do anything else: %s %s',
    async (...command) => {
      const asked = server.cli('--user', 'tidemark', '--pass', 'secret', '--no-auth-warning', ...command);
      expect(await asked.catch((error) => String(error))).toMatch(/NOPERM/);
    },
  );
});
