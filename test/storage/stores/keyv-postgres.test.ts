import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { KeyvPostgres } from '@keyv/postgres';
import { Storage, type TaskKey } from 'tidemark';
import { describeStore } from 'tidemark/testing';
import { KeyvStore } from '../../../src/storage/stores/keyv/keyv-store';
import { openKeyvUri } from '../../../src/storage/stores/keyv/open-uri';
import { loadPackage } from '../../../src/storage/stores/load-package';
import { saveIn } from '../../support/checkpoint';
import { runChild } from '../../support/child';
import { collect } from '../../support/collect';

const slow = 'it takes long, and is tried above';
const server = process.env['TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/test';
const { hostname, port } = new URL(server);
const database = `tidemark_test_${process.pid}_${Date.now()}`;
const uri = Object.assign(new URL(server), { pathname: database }).href;

/** Whether something listens there: asked by a process, since tests are declared synchronously. */
function isThere(): boolean {
  const ask = `require('net').connect(${port || 5432}, '${hostname}').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
  return spawnSync(process.execPath, ['-e', ask], { timeout: 5000 }).status === 0;
}

async function query(sql: string, at = server): Promise<any[]> {
  const { Client } = loadPackage('pg', 'PostgreSQL', '@keyv/postgres');
  const client = new Client({ connectionString: at });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }: { rows: any[] }) => rows)
    .finally(() => client.end());
}

const found = isThere();
(found ? describe : describe.skip)(
  found ? 'with PostgreSQL' : `skipped: PostgreSQL not found at ${hostname}:${port}`,
  () => {
    beforeAll(() => query(`CREATE DATABASE ${database}`));
    afterAll(() => query(`DROP DATABASE ${database} WITH (FORCE)`));

    describeStore('a PostgreSQL store', async () => {
      const { store } = openKeyvUri(uri);
      let last = store;
      return {
        store,
        async reopen() {
          await store.disconnect();
          return (last = openKeyvUri(uri).store);
        },
        async close() {
          await last.clear();
          await last.disconnect();
        },
      };
    });

    describeStore(
      "a user's own KeyvPostgres",
      async () => {
        const open = () => new KeyvStore(new KeyvPostgres({ uri, table: 'own', keySize: 500 }));
        let last = open();
        return {
          store: last,
          async reopen() {
            await last.disconnect();
            return (last = open());
          },
          async close() {
            await last.clear();
            await last.disconnect();
          },
        };
      },
      { skip: { 'keeps 64 MiB': slow, 'keeps 5,000 entries apart': slow } },
    );

    it('keeps base64 in its own table, and leaves other tables', async () => {
      await query('CREATE TABLE keyv (key text, value text)', uri);
      const { store, location } = openKeyvUri(uri);
      await store.set('Task/a', Uint8Array.of(0, 255));
      await store.append?.('@cleared/Task', Uint8Array.of(1));
      await store.append?.('@cleared/Task', Uint8Array.of(2, 3));
      expect(await query('SELECT * FROM tidemark ORDER BY key', uri)).toEqual([
        { key: '@cleared/Task', value: 'base64:AQ==base64:AgM=' },
        { key: 'Task/a', value: 'base64:AP8=' },
      ]);
      expect(await store.get('@cleared/Task')).toEqual(Uint8Array.of(1, 2, 3));
      expect(location).toBe(`postgres://${new URL(server).host}/${database}`);
      await store.clear();
      await store.disconnect();
    });

    it('continues after idle connections break, and after another store is closed', async () => {
      const [store, other] = [openKeyvUri(uri).store, openKeyvUri(uri).store];
      await Promise.all([store.set('Task/a', Uint8Array.of(1)), other.set('Task/b', Uint8Array.of(2))]);
      await other.disconnect();
      await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
      expect(await (async () => store.get('Task/a'))().catch(() => store.get('Task/a'))).toEqual(Uint8Array.of(1));
      await store.clear();
      await store.disconnect();
    });

    it('makes no table when it is read-only', async () => {
      await query('DROP TABLE IF EXISTS tidemark', uri);
      const tables = () => query("SELECT tablename FROM pg_tables WHERE tablename = 'tidemark'", uri);
      const reading = () => Storage.open(`${uri}?readonly=true`);
      const early = reading();
      expect([await early.has('Task/a' as TaskKey), await collect(early.list()), await tables()]).toEqual([
        false,
        [],
        [],
      ]);
      const storage = Storage.open(uri);
      const key = await saveIn(storage, { value: 5 });
      expect(await early.get(key)).toBe(5);
      const late = reading();
      expect([await late.get(key), (await late.stats()).size]).toEqual([5, 1]);
      await expect(late.clear()).rejects.toThrow(/read-only/);
      await storage.clear();
      await Promise.all([storage, early, late].map((one) => one.close()));
    });

    it('lets several stores make the table at once', async () => {
      await query('DROP TABLE IF EXISTS tidemark', uri);
      const stores = Array.from({ length: 8 }, () => openKeyvUri(uri).store);
      await Promise.all(stores.map((store, i) => store.set(`Task/${i}`, Uint8Array.of(i))));
      expect(await stores[0]!.getMany?.(stores.map((_, i) => `Task/${i}`))).toEqual(
        stores.map((_, i) => Uint8Array.of(i)),
      );
      await stores[0]!.clear();
      await Promise.all(stores.map((store) => store.disconnect()));
    });

    it('lets concurrent writers of many entries in any order succeed', async () => {
      const stores = [openKeyvUri(uri).store, openKeyvUri(uri).store];
      const entries = Array.from({ length: 300 }, (_, i) => ({ key: `Task/${i}`, value: Uint8Array.of(i % 256) }));
      for (let round = 0; round < 5; round++)
        await Promise.all([stores[0]!.setMany?.(entries), stores[1]!.setMany?.(entries.toReversed())]);
      expect(await stores[0]!.getMany?.(['Task/7'])).toEqual([Uint8Array.of(7)]);
      await stores[0]!.clear();
      await Promise.all(stores.map((store) => store.disconnect()));
    });

    it('lets a process end without closing', async () => {
      expect(await runChild(join(__dirname, 'fixtures/keyv-set-and-end.ts'), [uri])).toEqual([1]);
    });
  },
);

it.each([
  ['nothing listens', async () => 1, /connection refused\. Check that it is running/],
  ['nobody answers', silentServer, /it does not answer \(.*\)\. Check that it is running and reachable/],
])('tells within 5 seconds when %s', async (_, listen, message) => {
  const { store } = openKeyvUri(`postgres://user:secret@127.0.0.1:${await listen()}/test`);
  const start = Date.now();
  const works = [
    () => store.get('Task/a'),
    () => store.set('Task/a', Uint8Array.of(1)),
    () => store.getMany?.(['Task/a']),
    () => store.keys().next(),
    () => store.clear(),
  ];
  const errors = await Promise.all(works.map(async (work) => (async () => work())().catch((error: Error) => error)));
  for (const error of errors) {
    expect((error as Error).name).toBe('StorageError');
    expect((error as Error).message).toMatch(/^cannot \w+( \w+)? postgres:\/\/127\.0\.0\.1:\d+\/test/);
    expect((error as Error).message).toMatch(message);
  }
  expect(Date.now() - start).toBeLessThan(5000);
  await store.disconnect();
});

/** A server that accepts connections and says nothing. */
async function silentServer(): Promise<number> {
  const silent = createServer().listen(0, '127.0.0.1').unref();
  await once(silent, 'listening');
  return (silent.address() as AddressInfo).port;
}
