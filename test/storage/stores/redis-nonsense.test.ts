import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Param, Runner, Task, task } from 'tidemark';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { operations, outcomes } from './fixtures/redis-operations';

@Task({ save: true, once: 'everywhere' })
class One {
  @Param() i!: number;
  run(): number {
    return this.i;
  }
}

const replies = [
  '+OK',
  ':5',
  ':-1',
  '$-1',
  '$3\r\nabc',
  '*0',
  '*-1',
  '*1\r\n:1',
  '*2\r\n:1\r\n*1\r\n$-1',
  '+',
  '+PONG',
];
let server: Server;
const sockets: Socket[] = [];

/** The URI of a server that answers everything so. */
async function serve(reply: string): Promise<string> {
  server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.on('data', (data) =>
      socket.write(`${reply}\r\n`.repeat(data.toString('latin1').match(/^\*/gm)?.length ?? 1)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

it.each(replies)('names the reply of a server that always answers %j', async (reply) => {
  const uri = await serve(reply);
  let refused = 0;
  for (const outcome of await outcomes(() => new RedisStore(uri), operations)) {
    if (!(outcome instanceof Error)) continue;
    refused++;
    expect([outcome.name, outcome.message]).toEqual([
      'StorageError',
      expect.stringMatching(
        /^cannot .*127.0.0.1.*: the server is not Redis: its reply to [A-Z]+ was .*\. Check host and port or choose another storage\.$/,
      ),
    ]);
  }
  expect(refused).toBeGreaterThan(0);
  const runner = new Runner({ storage: uri, onWarning: () => {} });
  const error = await runner.run(task(One, { i: 1 })).catch((thrown) => thrown);
  expect(error.message).toMatch(/the server is not Redis|another process|damaged|not there/);
  expect(error.message).not.toMatch(/Cannot read|undefined|not iterable|is not a function/);
});
