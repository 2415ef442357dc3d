import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cacheOver, FolderStore } from '../bench/caches';
import type { Contestant } from './large-array';

function makeCbor() {
  const { Encoder } = require('cbor-x');
  return new Encoder({ useRecords: false, structuredClone: true, tagUint8Array: true, copyBuffers: true });
}

/** The same by a serializer and a file, and by a cache over files. */
export const peers: Readonly<Record<string, Contestant>> = {
  'cbor-x + write': {
    async save(array, folder, flush) {
      mkdirSync(folder, { recursive: true });
      const file = openSync(join(folder, 'array'), 'w');
      const bytes: Uint8Array = makeCbor().encode(array);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      if (flush === 'always') fsyncSync(file);
      closeSync(file);
    },
    async load(folder) {
      return makeCbor().decode(readFileSync(join(folder, 'array')));
    },
  },
  keyv: {
    async save(array, folder, flush) {
      const cache = await cacheOver('keyv', new FolderStore(folder, makeCbor()), asIs);
      await cache.set('array', array);
      if (flush === 'always') flushFile(join(folder, 'array'));
    },
    async load(folder) {
      const cache = await cacheOver('keyv', new FolderStore(folder, makeCbor()), asIs);
      return cache.get('array');
    },
  },
};

/** The store makes bytes itself. */
const asIs = { serialize: undefined, deserialize: undefined };

function flushFile(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
