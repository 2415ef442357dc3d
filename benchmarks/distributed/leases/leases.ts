// 8 processes need the same 8 keys at the same time: each key must be computed once, and waiting must cost little.
//
// node leases.js ours file|redis FOLDER
// The environment variable BENCH_REDIS is the URI of Redis.
//
// Measures how often each key was computed, the CPU usage of a waiting process (without the first seconds, in which it
// starts), and the time between the last save and the last process that receives the result.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Param, Runner, Task, task } from 'tidemark';

const processes = 8;
const keys = Array.from({ length: 8 }, (_, i) => i);
const seconds = 5;

@Task({ save: true, once: 'everywhere' })
class Slow {
  @Param() key!: number;
  @Param({ key: false }) notes!: string;
  async run(): Promise<number> {
    appendFileSync(this.notes, `${this.key}\n`);
    await wait(seconds * 1000);
    return this.key;
  }
}

/** One of the processes; those that compute are as good as idle too, so their time counts as well. */
async function contend(storage: string, notes: string): Promise<void> {
  const runner = new Runner({ storage });
  const results = runner.run(keys.map((key) => task(Slow, { key, notes })));
  await wait(1500);
  const [start, before] = [performance.now(), process.cpuUsage()];
  await results;
  const { user, system } = process.cpuUsage(before);
  process.send!({ share: (user + system) / 1000 / (performance.now() - start), at: Date.now() });
  await runner.close();
}

async function main(store: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const notes = join(folder, 'notes');
  const storage =
    store === 'file'
      ? `file:${join(folder, 'checkpoints')}`
      : `${process.env['BENCH_REDIS']}?namespace=${encodeURIComponent(folder)}`;
  const children = Array.from({ length: processes }, () => fork(__filename, ['child', storage, notes]));
  const told = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
  const computed = readFileSync(notes, 'utf8').trim().split('\n');
  const shares = told.map(({ share }) => share as number);
  const ends = told.map(({ at }) => at as number);
  if (new Set(computed).size !== keys.length) throw new Error('a key was not computed');
  console.log(
    JSON.stringify({
      'keys computed twice': computed.length - keys.length,
      '% of a core, mean': (100 * shares.reduce((a, b) => a + b)) / processes,
      '% of a core, highest': 100 * Math.max(...shares),
      'from first to last process, ms': Math.max(...ends) - Math.min(...ends),
    }),
  );
}

const [role, ...rest] = process.argv.slice(2) as [string, string, string];
void (role === 'child' ? contend(...rest) : main(...rest));
