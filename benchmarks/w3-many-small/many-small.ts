// W3: 10,000 tasks, each a 1 KB object (950 bytes of CBOR), saved; an unsaved root sums their ids. Then all are
// loaded in a new process; from memory, in the same one.
//
// node many-small.js floor|ours|keyv|cacheable|cache-manager memory|file|lmdb|redis save|load FOLDER
// The environment variable BENCH_REDIS is the URI of Redis.
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { caches } from './caches';
import { type Contestant, count, makeItem, type Place, sum } from './contestant';
import { floor } from './floor';

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

function ours({ store, folder, redis }: Place): Contestant {
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

async function contestantOf(name: string, place: Place): Promise<Contestant> {
  if (name === 'floor') return floor(place);
  return name === 'ours' ? ours(place) : caches(name, place);
}

async function main(name: string, place: Place, phase: 'save' | 'load'): Promise<void> {
  const phases = await contestantOf(name, place);
  if (place.store === 'memory' && phase === 'load') await phases.save();
  const start = performance.now();
  const total = await phases[phase]();
  const milliseconds = performance.now() - start;
  if (total !== (count * (count - 1)) / 2) throw new Error(`the total is ${total}`);
  console.log(JSON.stringify({ 'µs a task': (milliseconds * 1000) / count }));
}

const [, , contestant, store, phase, folder] = process.argv;
void main(
  contestant!,
  { store: store!, folder: folder!, redis: process.env['BENCH_REDIS'] ?? '' },
  phase as 'save' | 'load',
);
