// A storage in which many single results were cleared.
//
// fill   clears results until COUNT are cleared
// probe  runs a task that loads one number, and clears one more
//
// node clears.js fill|probe file|lmdb FOLDER COUNT
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Param, Runner, Task } from 'tidemark';

const rounds = 100;

@Task({ save: true })
class Item {
  @Param() id!: number;
  run(): number {
    return this.id;
  }
}

async function fill(uri: string, folder: string, count: number): Promise<object> {
  const note = `${folder}.cleared`;
  const known = existsSync(note) ? Number(readFileSync(note, 'utf8')) : 0;
  const runner = new Runner({ storage: uri });
  for (let id = known; id < count; id++) await runner.clear(Item, { id });
  await runner.close();
  writeFileSync(note, String(count));
  return { filled: count };
}

async function probe(uri: string): Promise<object> {
  const runner = new Runner({ storage: uri });
  const id = -1;
  await runner.run(Item, { id });
  const run = await median(async () => {
    const own = new Runner({ storage: runner.storage });
    if ((await own.run(Item, { id })) !== id) throw new Error('another number was loaded');
  });
  const clear = await median((round) => runner.clear(Item, { id: -2 - (round % 2) }));
  await runner.close();
  return { 'ms a run that loads one number': run, 'ms to clear one': clear };
}

async function median(act: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await act(round);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[rounds / 2]!;
}

async function main(phase: string, store: string, folder: string, count: number): Promise<void> {
  const uri = `${store}:${folder}`;
  console.log(JSON.stringify(await (phase === 'fill' ? fill(uri, folder, count) : probe(uri))));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!, Number(process.argv[5]));
