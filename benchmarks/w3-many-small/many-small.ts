// W3: 10,000 tasks, each a 1 KB object (950 bytes of CBOR), saved; an unsaved root sums their ids. Then all are
// loaded in a new process; from memory, in the same one.
//
// node many-small.js floor|ours memory|file|lmdb|redis save|load FOLDER [REDIS-URI]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Requires, Runner, Task, task } from 'tidemark';

const count = 10_000;

function makeItem(id: number) {
  return {
    id,
    name: `item ${id}`,
    isEven: id % 2 === 0,
    tags: ['one', 'two', `tag ${id % 7}`],
    text: 'abcdefgh'.repeat(64),
    values: Array.from({ length: 48 }, (_, i) => id / 3 + i * 0.1),
  };
}

@Task({ save: true })
class Item {
  @Param() id!: number;
  run() {
    return makeItem(this.id);
  }
}

@Task()
class Total {
  @Requires(() => Array.from({ length: count }, (_, id) => task(Item, { id })))
  items!: ReturnType<typeof makeItem>[];
  run() {
    return sum(this.items);
  }
}

function sum(items: readonly { id: number }[]): number {
  return items.reduce((total, { id }) => total + id, 0);
}

type Phase = () => Promise<number>;

type Contestant = { save: Phase; load: Phase };

/** The floor: cbor-x with the same options, into a Map, a file for each, or what the backend's own client does in batches. */
function floor(store: string, folder: string, redis: string): Contestant {
  const { Encoder } = require('cbor-x');
  const cbor = new Encoder({
    useRecords: false,
    variableMapSize: true,
    structuredClone: true,
    mapsAsObjects: true,
    useTag259ForMaps: true,
    tagUint8Array: true,
    copyBuffers: true,
  });
  if (store === 'lmdb') return lmdbFloor(cbor, folder);
  if (store === 'redis') return redisFloor(cbor, redis, folder);
  const map = new Map<string, Buffer>();
  const ids = Array.from({ length: count }, (_, id) => id);
  const put = (id: number, bytes: Buffer) =>
    store === 'memory' ? map.set(`Item/${id}`, Buffer.from(bytes)) : writeFileSync(join(folder, String(id)), bytes);
  const get = (id: number) => (store === 'memory' ? map.get(`Item/${id}`)! : readFileSync(join(folder, String(id))));
  return {
    save: async () => {
      if (store === 'file') mkdirSync(folder, { recursive: true });
      return sum(
        ids.map((id) => {
          const item = makeItem(id);
          put(id, cbor.encode(item));
          return item;
        }),
      );
    },
    load: async () => sum(ids.map((id) => cbor.decode(get(id)))),
  };
}

interface Cbor {
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): ReturnType<typeof makeItem>;
}

function lmdbFloor(cbor: Cbor, folder: string): Contestant {
  const open = () => require('lmdb').open({ path: folder, encoding: 'binary' });
  return {
    save: async () => {
      const database = open();
      const items = Array.from({ length: count }, (_, id) => makeItem(id));
      await Promise.all(items.map((item) => database.put(`Item/${item.id}`, Buffer.from(cbor.encode(item)))));
      await database.close();
      return sum(items);
    },
    load: async () => {
      const database = open();
      const total = sum(Array.from({ length: count }, (_, id) => cbor.decode(database.get(`Item/${id}`))));
      await database.close();
      return total;
    },
  };
}

function redisFloor(cbor: Cbor, uri: string, folder: string): Contestant {
  const connected = async () => {
    const { createClient, RESP_TYPES } = require('@redis/client');
    const client = createClient({ url: uri });
    await client.connect();
    return { client, reader: client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) };
  };
  const batches = Array.from({ length: count / 500 }, (_, batch) =>
    Array.from({ length: 500 }, (_, i) => batch * 500 + i),
  );
  const keyOf = (id: number) => `${folder}:Item/${id}`;
  return {
    save: async () => {
      const { client } = await connected();
      let total = 0;
      const sent = batches.map((ids) => {
        const items = ids.map(makeItem);
        total += sum(items);
        return client.mSet(items.map((item) => [keyOf(item.id), Buffer.from(cbor.encode(item))]));
      });
      await Promise.all(sent);
      await client.close();
      return total;
    },
    load: async () => {
      const { client, reader } = await connected();
      const read: Buffer[][] = await Promise.all(batches.map((ids) => reader.mGet(ids.map(keyOf))));
      await client.close();
      return sum(read.flat().map((bytes) => cbor.decode(bytes)));
    },
  };
}

function ours(store: string, folder: string, redis: string): Contestant {
  const uris: Record<string, string> = {
    memory: 'memory:',
    file: `file:${folder}`,
    lmdb: `lmdb:${folder}`,
    redis: `${redis}?namespace=${encodeURIComponent(folder)}`,
  };
  const runner = new Runner({ storage: uris[store]! });
  const run = async () => {
    const total = await runner.run(Total);
    if (store !== 'memory') await runner.close();
    return total;
  };
  return { save: run, load: run };
}

async function main(contestant: string, store: string, phase: 'save' | 'load', rest: string[]): Promise<void> {
  const [folder = '', redis = ''] = rest;
  const phases = (contestant === 'floor' ? floor : ours)(store, folder, redis);
  if (store === 'memory' && phase === 'load') await phases.save();
  const start = performance.now();
  const total = await phases[phase]();
  const milliseconds = performance.now() - start;
  if (total !== (count * (count - 1)) / 2) throw new Error(`the total is ${total}`);
  console.log(JSON.stringify({ 'µs a task': (milliseconds * 1000) / count }));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4] as 'save' | 'load', process.argv.slice(5));
