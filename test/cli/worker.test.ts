import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { StartedCommand, tidemark, trainFile, write } from './support/cli';

const folder = temporaryFolder();

describeWithRedis('a worker of the command line', (server) => {
  beforeEach(() => write(folder.path, { 'train.ts': trainFile }));
  const start = (...args: string[]) =>
    new StartedCommand(['worker', 'train.ts', '--redis', server.uri(), ...args], { cwd: folder.path });
  const run = () =>
    tidemark(['run', 'train.ts', '--executor', 'bullmq', '--redis', server.uri()], { cwd: folder.path });

  it.each(['threads', 'processes', 'inline'])('runs tasks in %s until it is stopped', async (executor) => {
    const worker = start('--executor', executor);
    await worker.hears('running 0');
    const { code, out, err } = await run();
    expect([code, out, err.includes('Load runs')]).toEqual([0, 'trained for 10\n', false]);
    // Results are saved in the Redis of the queues.
    expect(await server.cli('--scan', '--pattern', 'tidemark:Train/*')).not.toBe('');
    await server.cli('flushdb');
    worker.process.kill('SIGTERM');
    const said = await worker.ended;
    expect(said.code).toBe(0);
    expect(said.err).toMatch(
      /^worker \S+\/\d+ · queues Load, Train, Main · 1 at once · running 0 · done 0 · failed 0\n/,
    );
    expect(said.err).toContain('stopping: running jobs finish');
    expect(said.err).toMatch(/running 0 · done 3 · failed 0\n$/);
  });

  it('takes jobs from the given queues', async () => {
    const worker = start('--queue', 'gpu', '--queue', 'Train', '--concurrency', '3');
    await worker.hears('running 0');
    worker.process.kill('SIGINT');
    expect((await worker.ended).err).toContain('· queues gpu, Train · 3 at once ·');
  });
});

it('reports an unreachable Redis', async () => {
  write(folder.path, { 'train.ts': trainFile });
  const { code, out, err } = await tidemark(['worker', 'train.ts', '--redis', 'redis://127.0.0.1:1'], {
    cwd: folder.path,
  });
  expect([code, out]).toEqual([1, '']);
  expect(err).toBe('cannot reach the queues in redis://127.0.0.1:1/0: connection refused. Start Redis there.\n');
});

it('requires a file, and accepts --redis for bullmq only', async () => {
  write(folder.path, { 'train.ts': trainFile });
  const how = { cwd: folder.path };
  expect(await tidemark(['worker'], how)).toMatchObject({
    code: 2,
    err: expect.stringContaining('missing FILE; usage: tidemark worker'),
  });
  expect(await tidemark(['run', 'train.ts', '--redis', 'redis://localhost'], how)).toMatchObject({
    code: 2,
    err: '--redis and --prefix need --executor bullmq\n',
  });
});
