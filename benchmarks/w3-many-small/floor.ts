import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cbor, type Contestant, count, makeCbor, makeItem, type Place, sum } from './contestant';

/** The floor: cbor-x with the same options, into a Map, one file per value, or the client of the backend in batches. */
export function floor({ store, folder, redis }: Place): Contestant {
  const cbor = makeCbor();
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
