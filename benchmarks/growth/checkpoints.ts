// A storage with many checkpoints of one task.
//
// fill   saves results until COUNT are saved
// probe  saves 1,000 more, loads 1,000 spread over all, lists all; removes the results it saved
//
// node checkpoints.js floor|ours fill|probe file|lmdb FOLDER COUNT
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Requires, Runner, Task, task } from 'tidemark';

const probed = 1000;
const batch = 10_000;

@Task({ save: true })
class Item {
  @Param() id!: number;
  run() {
    return makeItem(this.id);
  }
}

@Task()
class Items {
  @Param() ids!: readonly number[];
  @Requires(({ ids }) => ids.map((id) => task(Item, { id })))
  items!: { id: number }[];
  run(): number {
    return this.items.length;
  }
}

function makeItem(id: number) {
  return { id, name: `item ${id}`, tags: ['one', 'two'], score: id / 7 };
}

/** Operations of both contestants, by id. */
interface Contestant {
  save(ids: readonly number[]): Promise<void>;
  load(ids: readonly number[]): Promise<void>;
  /** How many there are. */
  list(): Promise<number>;
  remove(ids: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

function ours(uri: string): Contestant {
  const open = () => new Runner({ storage: uri });
  const runner = open();
  const run = async (ids: readonly number[], expected: 'ran' | 'loaded') => {
    const run = runner.start(Items, { ids });
    await run.result;
    const count = (await run.summary)[expected] - (expected === 'ran' ? 1 : 0);
    if (count !== ids.length) throw new Error(`${count} of ${ids.length} ${expected}`);
  };
  return {
    save: (ids) => run(ids, 'ran'),
    load: (ids) => run(ids, 'loaded'),
    async list() {
      let count = 0;
      for await (const _ of runner.storage.list({ task: 'Item' })) count++;
      return count;
    },
    async remove(ids) {
      for (const id of ids) await runner.storage.delete(await runner.key(Item, { id }));
    },
    close: () => runner.close(),
  };
}

/** The floor: a JSON file for each. */
function floor(folder: string): Contestant {
  mkdirSync(folder, { recursive: true });
  const fileOf = (id: number) => join(folder, String(id));
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { id: number };
  return {
    save: async (ids) => ids.forEach((id) => void writeFileSync(fileOf(id), JSON.stringify(makeItem(id)))),
    load: async (ids) => ids.forEach((id) => void read(String(id))),
    list: async () => readdirSync(folder).filter((name) => read(name)).length,
    remove: async (ids) => ids.forEach((id) => void rmSync(fileOf(id))),
    close: async () => {},
  };
}

async function fill(one: Contestant, count: number): Promise<object> {
  const known = count <= probed ? 0 : await one.list();
  for (let from = known; from < count; from += batch)
    await one.save(Array.from({ length: Math.min(batch, count - from) }, (_, i) => from + i));
  return { filled: count };
}

async function probe(one: Contestant, count: number): Promise<object> {
  const more = Array.from({ length: probed }, (_, i) => 1e9 + i);
  const others = more.map((id) => id + probed);
  const some = Array.from({ length: probed }, (_, i) => Math.floor((i * count) / probed));
  // Warm-up: first executions are slow.
  await one.save(others);
  await one.load(others);
  await one.remove(others);
  const save = await timed(() => one.save(more));
  await one.remove(more);
  const load = await timed(() => one.load(some));
  let listed = 0;
  const list = await timed(async () => void (listed = await one.list()));
  if (listed !== count) throw new Error(`${listed} are listed, not ${count}`);
  const each = (ms: number, of: number) => (ms * 1000) / of;
  return {
    'µs to save one': each(save, probed),
    'µs to load one': each(load, probed),
    'µs to list one': each(list, count),
  };
}

async function timed(act: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

async function main(contestant: string, phase: string, store: string, folder: string, count: number): Promise<void> {
  const one = contestant === 'floor' ? floor(folder) : ours(`${store}:${folder}`);
  const figures = await (phase === 'fill' ? fill : probe)(one, count);
  await one.close();
  console.log(JSON.stringify(figures));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!, process.argv[5]!, Number(process.argv[6]));
