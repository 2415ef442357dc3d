import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { describeWithRedis, startRedis } from '../../support/redis-server';
import { additions, expectFailures, operations, reads, removals } from './fixtures/redis-operations';

const bytes = Uint8Array.of(1, 2, 3);
let impostor: Server | undefined;
const connections = new Set<Socket>();

/** The URI of a server that is no Redis. */
async function serve(answer: (socket: Socket) => void): Promise<string> {
  impostor = createServer((socket) => {
    connections.add(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  return `redis://ann:sesame@127.0.0.1:${(impostor.address() as AddressInfo).port}/1`;
}

afterEach(() => {
  impostor?.close();
  for (const socket of connections) socket.destroy();
});

it('tells the remedy when nothing listens', async () => {
  const store = new RedisStore('redis://ann:sesame@127.0.0.1:1/2');
  await expect(store.get('Choose/0f3a')).rejects.toMatchObject({
    message:
      'cannot read from redis://127.0.0.1:1/2 (Choose/0f3a): connection refused. Start Redis there or choose another storage.',
    operation: 'read',
    key: 'Choose/0f3a',
    cause: { code: 'ECONNREFUSED' },
  });
});

it('fails when nothing listens, for every operation', async () => {
  await expectFailures('redis://ann:sesame@127.0.0.1:1/2', 'connection refused. Start Redis there');
  await expectFailures('rediss://ann:sesame@127.0.0.1:1', 'connection refused');
  await expectFailures('redis://ann:sesame@no-such-host.invalid', /there is no such host|could not be looked up/);
});

it('fails when a socket is missing, or is a plain file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  writeFileSync(join(folder, 'file'), '');
  await expectFailures(`redis+unix://ann:sesame@${folder}/missing`, 'there is no such socket. Start Redis there');
  await expectFailures(`redis+unix://ann:sesame@${folder}/file`, /connection refused|not a socket/);
  rmSync(folder, { recursive: true });
});

it('fails when a server listens but never answers', async () => {
  const uri = await serve(() => undefined);
  await Promise.all(
    [uri, uri.replace('/1', ''), uri.replace('redis', 'rediss')].map((each) =>
      expectFailures(each, 'no answer for 4 seconds. Check that Redis is running and reachable'),
    ),
  );
});

it('fails when a server hangs up', async () => {
  await expectFailures(await serve((socket) => socket.end()), 'the connection broke. Check that Redis is still');
});

it('fails when the server is not Redis', async () => {
  const page = await serve((socket) => void socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  await expectFailures(page, 'the server is not Redis. Check host and port');
  await expectFailures(page.replace('redis', 'rediss'), 'it does not speak TLS. Write redis:// in place of rediss://');
});

it('does not repeat a password that the server repeats', async () => {
  const reply = "-ERR unknown command 'AUTH', with args beginning with: 'ann' 'sesame' \r\n";
  const uri = await serve((socket) => void socket.on('data', () => socket.write(reply)));
  await expectFailures(uri, "ERR unknown command 'AUTH'. Fix the problem");
});

describeWithRedis(
  'with a redis-server that has a password',
  (server) => {
    it('accepts the right password, of another user too, and a database', async () => {
      await server.cli('acl', 'setuser', 'ann', 'on', '>b@ls', '~*', '+@all');
      const store = new RedisStore(server.uri('/2'));
      await store.set('Task/a', bytes);
      const hers = new RedisStore(server.uri('/2').replace(/:[^:]*@/, 'ann:b%40ls@'));
      expect(await hers.get('Task/a')).toEqual(bytes);
      expect(await server.cli('-n', '2', 'keys', '*')).toBe('tidemark:Task/a');
      await Promise.all([store.disconnect(), hers.disconnect()]);
    });

    it('fails with a wrong password, and without one', async () => {
      const uri = server.uri();
      await expectFailures(uri.replace('open', 'shut'), 'wrong user or password. Put the right ones into the URI');
      await expectFailures(uri.replace(':open', 'ann:open'), 'wrong user or password');
      await expectFailures(uri.replace(/:open.*@/, ''), 'it asks for a password. Put it into the URI');
    });

    it('fails when the user lacks a permission', async () => {
      await server.cli('acl', 'setuser', 'bob', 'on', '>sesame', '~*', '+get');
      const { get: _, ...forbidden } = operations;
      await expectFailures(server.uri().replace(/:[^:]*@/, 'bob:sesame@'), 'its user may not do that', forbidden);
    });
  },
  { password: 'open sesame' },
);

describeWithRedis('with a redis-server', (server) => {
  it('fails with an unneeded password, and with a missing database', async () => {
    const uri = server.uri().replace('//', '//:sesame@');
    await expectFailures(uri, 'it has no password, but the URI does. Leave the password out');
    await expectFailures(server.uri('/99'), 'it has no database of this number');
  });

  it('leaves a value of another program under its key', async () => {
    await server.cli('rpush', 'tidemark:Task/a', 'theirs');
    await expectFailures(server.uri(), 'something else uses this key. Choose another ?namespace=', {
      get: (store) => store.get('Task/a'),
      append: (store) => store.append('Task/a', bytes),
    });
    expect(await server.cli('lrange', 'tidemark:Task/a', '0', '-1')).toBe('theirs');
  });

  it('fails when there are too many connections', async () => {
    const full = await startRedis({ args: ['--maxclients', '1'] });
    const store = new RedisStore(full.uri());
    await store.set('Task/a', bytes);
    // It says so and hangs up; what is written meanwhile may meet a closed door.
    await expectFailures(full.uri(), /^it has too many connections. Raise maxclients|^the connection broke/);
    await store.disconnect();
    await full.stop();
  });

  it('reads from a read-only replica, and reports a failed write', async () => {
    const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${server.port}`] });
    await expectFailures(replica.uri(), 'it is a read-only replica. Use the address of the primary', additions);
    const store = new RedisStore(replica.uri());
    for (const read of Object.values(reads)) await read(store);
    await store.disconnect();
    await replica.stop();
  });
});

describeWithRedis(
  'with a redis-server whose memory is full',
  (server) => {
    it('reads and deletes, and reports a failed write', async () => {
      const store = new RedisStore(server.uri());
      await store.set('Task/kept', bytes);
      const filling = Array.from({ length: 100 }, (_, i) => store.set(`Large/${i}`, new Uint8Array(100_000)));
      expect((await Promise.allSettled(filling)).map(({ status }) => status)).toContain('rejected');
      await expectFailures(server.uri(), 'its memory is full. Give it more (maxmemory), clear what is not', additions);
      expect(await store.get('Task/kept')).toEqual(bytes);
      expect(await store.has('Task/b')).toBe(false);
      for (const work of Object.values({ ...reads, ...removals })) await work(store);
      await store.set('Task/a', bytes);
      await store.disconnect();
    });
  },
  { maxmemory: '3mb' },
);
