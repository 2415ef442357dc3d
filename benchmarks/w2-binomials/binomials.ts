// W2: Choose(100, 50) modulo 1e9+7, 2,600 tasks, each saved to its own file. Each phase is a new process:
// cold, warm, clear-a (Choose(51,50) and its dependents: 50 tasks), clear-b (Choose(3,3): 2,401 tasks).
// Measures the run within the process, from the call on; clearing is not included.
//
// node binomials.js floor|ours|keyv|cacheable|cache-manager FOLDER PHASE
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { CacheMemo } from './caches';

const modulus = 1_000_000_007;
const root = 538_992_043;
const phases: Record<string, { clears?: { n: number; k: number }; tasks: number }> = {
  cold: { tasks: 2600 },
  warm: { tasks: 0 },
  'clear-a': { clears: { n: 51, k: 50 }, tasks: 50 },
  'clear-b': { clears: { n: 3, k: 3 }, tasks: 2401 },
};

@Task({ save: true })
class Choose {
  @Param() n!: number;
  @Param() k!: number;
  @Requires(({ n, k }) => (0 < k && k < n ? [task(Choose, { n: n - 1, k: k - 1 }), task(Choose, { n: n - 1, k })] : []))
  above!: number[];
  run() {
    return this.above.length === 0 ? 1 : (this.above[0]! + this.above[1]!) % modulus;
  }
}

/** The floor: a memo that writes each value to a file, synchronously. */
class FileMemo {
  ran = 0;
  readonly #memo = new Map<string, number>();
  constructor(readonly folder: string) {}

  choose(n: number, k: number): number {
    const name = `${n}-${k}`;
    const known = this.#memo.get(name);
    if (known !== undefined) return known;
    const path = join(this.folder, name);
    let value: number;
    if (existsSync(path)) {
      value = Number(readFileSync(path, 'utf8'));
    } else {
      value = k === 0 || k === n ? 1 : (this.choose(n - 1, k - 1) + this.choose(n - 1, k)) % modulus;
      writeFileSync(path, String(value));
      this.ran++;
    }
    this.#memo.set(name, value);
    return value;
  }

  /** Deletes a value and everything derived from it. */
  clear({ n, k }: { n: number; k: number }): void {
    for (let m = n; m <= 100; m++) {
      // Values with k = n are 1 and depend on nothing.
      for (let j = k; j <= k + m - n; j++)
        if (j < m || m === n) rmSync(join(this.folder, `${m}-${j}`), { force: true });
    }
  }
}

interface Outcome {
  readonly milliseconds: number;
  readonly ran: number;
  readonly result: number;
}

async function floor(folder: string, phase: string): Promise<Outcome> {
  mkdirSync(folder, { recursive: true });
  const memo = new FileMemo(folder);
  const { clears } = phases[phase]!;
  if (clears) memo.clear(clears);
  const start = performance.now();
  const result = memo.choose(100, 50);
  return { milliseconds: performance.now() - start, ran: memo.ran, result };
}

async function cache(name: string, folder: string, phase: string): Promise<Outcome> {
  const memo = await CacheMemo.open(name, folder);
  const { clears } = phases[phase]!;
  if (clears) await memo.clear(clears);
  const start = performance.now();
  const result = await memo.choose(100, 50);
  return { milliseconds: performance.now() - start, ran: memo.ran, result };
}

async function ours(folder: string, phase: string): Promise<Outcome> {
  const runner = new Runner({ storage: `file:${folder}` });
  const { clears } = phases[phase]!;
  if (clears) await runner.clear(Choose, clears);
  const start = performance.now();
  const run = runner.start(Choose, { n: 100, k: 50 });
  const result = await run.result;
  const milliseconds = performance.now() - start;
  return { milliseconds, ran: (await run.summary).ran, result };
}

function outcomeOf(contestant: string, folder: string, phase: string): Promise<Outcome> {
  if (contestant === 'floor') return floor(folder, phase);
  return contestant === 'ours' ? ours(folder, phase) : cache(contestant, folder, phase);
}

async function main(contestant: string, folder: string, phase: string): Promise<void> {
  const { milliseconds, ran, result } = await outcomeOf(contestant, folder, phase);
  if (result !== root) throw new Error(`the result is ${result}, not ${root}`);
  if (ran !== phases[phase]!.tasks) throw new Error(`${ran} tasks ran in ${phase}, not ${phases[phase]!.tasks}`);
  console.log(JSON.stringify({ ms: milliseconds }));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!);
