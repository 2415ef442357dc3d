import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Awaitable } from '../../../src/base/awaitable';
import { Folders } from '../../../src/storage/files/folders';
import { type LeaseBackend, leaseKeyOf } from '../../../src/storage/leases/lease';
import { FileLeases } from '../../../src/storage/stores/file/file-leases';
import { type LeaseFileOps, leaseFileOps } from '../../../src/storage/stores/file/lease-files';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { type Arena, Contest, expiresAfter, key, type Troubles } from './support/contest';
import type { VirtualProcess, World } from './support/world';

const troubles: Record<string, Troubles> = {
  'nothing goes wrong': {},
  'tasks fail': { failures: true },
  'processes sleep': { sleeps: true },
  'processes sleep and die, and tasks fail': { sleeps: true, deaths: true, failures: true },
  'processes sleep and die, and leases are lost': { sleeps: true, deaths: true, losses: true },
};

/** Gives how often the result was computed, by seed. */
async function contests(open: () => Promise<Arena>, trouble: Troubles, runs: number): Promise<number[]> {
  const computed: number[] = [];
  const property = fc.asyncProperty(fc.integer(), async (seed) => {
    computed.push(await new Contest(seed, await open(), trouble).run());
  });
  await fc.assert(property, { numRuns: runs, endOnFailure: true });
  return computed;
}

describe('leases in files, whatever the order of steps', () => {
  const folder = temporaryFolder();

  const open = async (): Promise<Arena> => {
    const root = mkdtempSync(join(folder.path, 'store-'));
    const target = join(new Folders(root).pathOf('Choose'), '0f3a');
    return {
      board: (world, process) => allOf(new FileLeases(new Folders(root), stepwise(world, process))),
      read: async () => (existsSync(target) ? readFileSync(target, 'utf8') : undefined),
      async write(text) {
        new Folders(root).make('Choose', '0f3a');
        writeFileSync(target, text);
      },
      loseLeases: async () => rmSync(join(root, '@leases'), { recursive: true, force: true }),
    };
  };

  it.each(Object.entries(troubles))('keep what they promise when %s', async (_, trouble) => {
    const computed = await contests(open, trouble, 150);
    if (!trouble.sleeps && !trouble.failures) expect(computed).toEqual(computed.map(() => 1));
  });
});

describeWithRedis('with a redis-server', (server) => {
  const store = { current: undefined as RedisStore | undefined };
  beforeAll(() => void (store.current = new RedisStore(server.uri())));
  afterAll(() => store.current?.disconnect());

  const open = async (): Promise<Arena> => {
    const redis = store.current!;
    await redis.clear();
    const expiry = { at: Number.POSITIVE_INFINITY };
    return {
      board: (world, process) => expiring(redis.leases, world, process, expiry),
      async read() {
        const bytes = await redis.get(key);
        return bytes && Buffer.from(bytes).toString();
      },
      write: async (text) => void (await redis.set(key, Buffer.from(text))),
      loseLeases: async () => void (await redis.delete(leaseKeyOf(key))),
      async passTime(now) {
        if (now < expiry.at) return;
        expiry.at = Number.POSITIVE_INFINITY;
        await redis.delete(leaseKeyOf(key));
      },
    };
  };

  it.each(Object.entries(troubles))('leases in Redis keep what they promise when %s', async (_, trouble) => {
    const computed = await contests(open, trouble, 40);
    if (!trouble.sleeps && !trouble.failures) expect(computed).toEqual(computed.map(() => 1));
  });
});

/** The steps of files, each of which comes when it is the turn of its process. */
function stepwise(world: World, process: VirtualProcess): LeaseFileOps {
  const act =
    (name: keyof LeaseFileOps) =>
    (...args: unknown[]) =>
      world.step(process, () => {
        const done = (leaseFileOps[name] as (...args: unknown[]) => unknown)(...args);
        if (name === 'move') process.takes(world.now);
        if (name === 'touch') process.givesSign(world.now);
        return done;
      });
  const names = Object.keys(leaseFileOps) as (keyof LeaseFileOps)[];
  return Object.fromEntries(names.map((name) => [name, act(name)])) as unknown as LeaseFileOps;
}

/** In Redis each call is one step; leases run out by the time of the world in place of its own. */
function expiring(board: LeaseBackend, world: World, process: VirtualProcess, expiry: { at: number }): LeaseBackend {
  const never = 86_400_000;
  const extending = async (isDone: Awaitable<boolean>, note: (now: number) => void) => {
    if (!(await isDone)) return false;
    expiry.at = world.now + expiresAfter;
    note(world.now);
    return true;
  };
  const all = allOf(board);
  return {
    acquire: (key, token) =>
      world.step(process, () => extending(all.acquire(key, token, never), (now) => process.takes(now))),
    renew: (key, token) =>
      world.step(process, () => extending(all.renew!(key, token, never), (now) => process.givesSign(now))),
    write: (...args) => world.step(process, () => all.write(...args)),
    release: (...args) => world.step(process, () => all.release(...args)),
    peek: (keys) => world.step(process, () => all.peek(keys)),
  };
}

/** A board as an object of functions of its own. */
function allOf(board: LeaseBackend): LeaseBackend {
  const { acquire, renew, write, release, peek, breakLease } = board;
  const bound = { acquire, renew, write, release, peek, breakLease };
  return Object.fromEntries(
    Object.entries(bound).flatMap(([name, method]) => (method ? [[name, (method as Function).bind(board)]] : [])),
  ) as unknown as LeaseBackend;
}
