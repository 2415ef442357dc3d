import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runChild } from '../../support/child';
import { describeWithRedis, startRedis } from '../../support/redis-server';

const fixture = join(__dirname, 'fixtures/use-redis.ts');

it('loads and opens nothing before the first use', async () => {
  const said = await runChild(fixture, ['redis://127.0.0.1:1', 'modules', 'resources', 'disconnect']);
  expect(said).toEqual([0, [], 'disconnected']);
  expect(await runChild(fixture, ['redis://127.0.0.1:1', 'set', 'modules'])).not.toContain(0);
});

it('lets a process end that found no server', async () => {
  const failure = expect.stringMatching(/^cannot .*: connection refused/);
  const said = await runChild(fixture, ['redis://127.0.0.1:1', 'set', 'get', 'disconnect', 'disconnect']);
  expect(said).toEqual([failure, failure, 'disconnected', 'disconnected']);
  expect(await runChild(fixture, ['redis://127.0.0.1:1', 'set'])).toEqual([failure]);
});

describeWithRedis('with a redis-server', (server) => {
  it('lets a process end after disconnect, and reconnects at the next use', async () => {
    const said = await runChild(fixture, [server.uri(), 'set', 'disconnect', 'resources', 'get', 'disconnect']);
    expect(said).toEqual([true, 'disconnected', [], [1, 2, 3], 'disconnected']);
  });

  it('lets a process end without disconnect, and keeps what it saved', async () => {
    for (const uri of [server.uri(), `unix:${server.socket}`]) {
      expect(await runChild(fixture, [uri, 'set', 'get'])).toEqual([true, [1, 2, 3]]);
    }
  });

  it('lets a process end whose server hangs', async () => {
    server.pause();
    const failure = expect.stringContaining('no answer for 4 seconds');
    const said = await runChild(fixture, [server.uri('/1'), 'get', 'disconnect', 'resources']);
    expect(said).toEqual([failure, 'disconnected', []]);
    server.resume();
  });

  it('lets a process end whose server accepts no connections', async () => {
    const full = await startRedis({ args: ['--tcp-backlog', '1'] });
    full.pause();
    // The system accepts what fits the backlog, and does not answer the others.
    const waiting = Array.from({ length: 8 }, () => connect(full.port, '127.0.0.1').on('error', () => undefined));
    await once(waiting[0]!, 'connect');
    const said = await runChild(fixture, [full.uri(), 'get', 'disconnect', 'resources']);
    expect(said).toEqual([expect.stringContaining('no answer for 4 seconds'), 'disconnected', []]);
    for (const socket of waiting) socket.destroy();
    await full.stop();
  });
});
