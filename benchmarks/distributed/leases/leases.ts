// 8 keys, wanted by 8 processes at once: each is to be computed once, and waiting is to cost next to nothing.
//
// node leases.js file:FOLDER|redis://HOST [seconds that computing a key takes, 5]
//
// Prints how often a key was computed, what share of one core a process uses that waits (the first seconds, in which it
// starts, not counted), and how long after the last key was saved the last process has it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Param, Runner, Task, task } from 'tidemark';

const processes = 8;
const keys = Array.from({ length: 8 }, (_, i) => i);
const notes = process.env['NOTES'] ?? '';

@Task({ save: true, once: 'everywhere' })
class Slow {
  @Param() key!: number;
  @Param({ key: false }) seconds!: number;
  async run(): Promise<number> {
    appendFileSync(notes, `${this.key}\n`);
    await wait(this.seconds * 1000);
    return this.key;
  }
}

/** One of the processes; those that compute are as good as idle too, so their time counts as well. */
async function contend(uri: string, seconds: number): Promise<void> {
  const runner = new Runner({ storage: uri });
  const results = runner.run(keys.map((key) => task(Slow, { key, seconds })));
  await wait(1500);
  const [start, before] = [performance.now(), process.cpuUsage()];
  await results;
  const { user, system } = process.cpuUsage(before);
  process.send!({ share: (user + system) / 1000 / (performance.now() - start), at: Date.now() });
  await runner.close();
}

async function main(uri: string, seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-leases-'));
  const file = join(folder, 'notes');
  const env = { ...process.env, NOTES: file };
  const children = Array.from({ length: processes }, () => fork(__filename, [uri, String(seconds), 'child'], { env }));
  const told = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
  const computed = readFileSync(file, 'utf8').trim().split('\n');
  rmSync(folder, { recursive: true });
  const shares = told.map(({ share }) => share as number);
  const ends = told.map(({ at }) => at as number);
  const figures = {
    'keys computed': computed.length,
    'keys computed twice': computed.length - new Set(computed).size,
    'share of a core, mean': Math.max(...shares) === 0 ? 0 : shares.reduce((a, b) => a + b) / processes,
    'share of a core, highest': Math.max(...shares),
    'from first to last process, ms': Math.max(...ends) - Math.min(...ends),
  };
  console.log(JSON.stringify(figures, undefined, 2));
  if (computed.length !== keys.length) throw new Error('a key was computed twice');
}

const [uri = '', seconds = '5', role] = process.argv.slice(2);
void (role === 'child' ? contend(uri, Number(seconds)) : main(uri, Number(seconds)));
