// Results of BYTES random bytes, saved to files or loaded in a new process; many results if they are small.
//
// node value.js floor|ours save|load FOLDER BYTES
import { randomFillSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Requires, Runner, Storage, Task, task } from 'tidemark';

/** The measured values, after smaller ones for warm-up, since first executions are slow. */
interface Batch {
  readonly name: string;
  readonly size: number;
  readonly count: number;
}

let batch: Batch;
let bytes: Uint8Array;

/** So many that small ones take long enough to be measured, and large ones are few. */
function countFor(one: number): number {
  return Math.max(1, Math.min(2000, Math.floor(20_000_000 / one)));
}

@Task({ save: true })
class Value {
  @Param() name!: string;
  @Param() i!: number;
  run(): Uint8Array {
    return bytes;
  }
}

@Task()
class All {
  @Requires(() => Array.from({ length: batch.count }, (_, i) => task(Value, { name: batch.name, i })))
  values!: Uint8Array[];
  run(): number {
    return this.values.reduce((sum, one) => sum + one.length, 0);
  }
}

const floor: Readonly<Record<string, (folder: string) => number>> = {
  save(folder) {
    mkdirSync(folder, { recursive: true });
    for (let i = 0; i < batch.count; i++) writeFileSync(join(folder, batch.name + i), bytes);
    return batch.count * bytes.length;
  },
  load(folder) {
    const values = Array.from({ length: batch.count }, (_, i) => readFileSync(join(folder, batch.name + i)));
    return values.reduce((sum, one) => sum + one.length, 0);
  },
};

/** Flushing would measure the disk: a value that took no time to compute is not flushed otherwise either. */
function ours(folder: string): Promise<number> {
  return new Runner({ storage: Storage.open(`file:${folder}`, { fsync: 'never' }) }).run(All);
}

function fill(phase: string): void {
  bytes = new Uint8Array(phase === 'save' ? batch.size : 0);
  for (let at = 0; at < bytes.length; at += 2 ** 30) randomFillSync(bytes, at, Math.min(2 ** 30, bytes.length - at));
}

async function measure(contestant: string, phase: string, folder: string): Promise<number> {
  fill(phase);
  const { size, count } = batch;
  const start = performance.now();
  const sum = contestant === 'floor' ? floor[phase]!(folder) : await ours(folder);
  const ms = performance.now() - start;
  if (sum !== count * size) throw new Error(`${sum} bytes instead of ${count * size}`);
  return (ms * 1000) / count;
}

async function main(contestant: string, phase: string, folder: string, size: number): Promise<void> {
  batch = { name: 'before', size: Math.min(size, 1_000_000), count: 20 };
  await measure(contestant, phase, folder);
  batch = { name: 'measured', size, count: countFor(size) };
  const each = await measure(contestant, phase, folder);
  console.log(JSON.stringify({ 'µs a value': each, 'peak MB': process.resourceUsage().maxRSS / 1024 }));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!, Number(process.argv[5]));
