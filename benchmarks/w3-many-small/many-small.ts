// W3: 10,000 tasks, each a 1 KB object (950 bytes of CBOR), saved; an unsaved root sums their ids. Then all are
// loaded: from files in a new process, from memory in the same one.
//
// node many-small.js floor|ours memory|file save|load FOLDER
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

/** The floor: cbor-x with the same options, into a Map or a file for each. */
function floor(store: string, folder: string): { save: Phase; load: Phase } {
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

function ours(store: string, folder: string): { save: Phase; load: Phase } {
  const runner = new Runner({ storage: store === 'memory' ? 'memory:' : `file:${folder}` });
  const run = () => runner.run(Total);
  return { save: run, load: run };
}

async function main(contestant: string, store: string, phase: 'save' | 'load', folder: string): Promise<void> {
  const phases = (contestant === 'floor' ? floor : ours)(store, folder);
  if (store === 'memory' && phase === 'load') await phases.save();
  const start = performance.now();
  const total = await phases[phase]();
  const milliseconds = performance.now() - start;
  if (total !== (count * (count - 1)) / 2) throw new Error(`the total is ${total}`);
  console.log(JSON.stringify({ 'µs a task': (milliseconds * 1000) / count }));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4] as 'save' | 'load', process.argv[5]!);
