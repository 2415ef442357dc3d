// The cost of `report: 'progress'` for a run of many small tasks on a terminal, compared with a silent run.
//
// steady    20,000 tasks of 170 µs each: two events a task, so about 10,000 a second
// flat out  100,000 tasks that do next to nothing: events as fast as there can be
//
// node progress.js floor|ours 'steady'|'flat out'
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { FakeTerminal } from './fake-terminal';

const paces: Readonly<Record<string, { readonly tasks: number; readonly microseconds: number }>> = {
  steady: { tasks: 20_000, microseconds: 170 },
  'flat out': { tasks: 100_000, microseconds: 0 },
};

let milliseconds = 0;
let count = 0;

@Task()
class Small {
  @Param() i!: number;
  run(): number {
    // Timed by the clock: a fixed number of iterations would take longer on a slow CPU.
    for (const end = performance.now() + milliseconds; performance.now() < end; );
    return this.i;
  }
}

@Task()
class All {
  @Requires(() => Array.from({ length: count }, (_, i) => task(Small, { i })))
  parts!: number[];
  run(): number {
    return this.parts.length;
  }
}

async function main(contestant: string, pace: string): Promise<void> {
  const { tasks, microseconds } = paces[pace]!;
  const terminal = new FakeTerminal();
  terminal.stand();
  const runner = new Runner({ storage: 'memory:', ...(contestant === 'ours' && { report: 'progress' }) });
  count = 1000;
  for (let i = 0; i < 10; i++) await runner.run(All);
  count = tasks;
  milliseconds = microseconds / 1000;
  terminal.reset();
  const cpu = process.cpuUsage();
  const start = performance.now();
  if ((await runner.run(All)) !== tasks) throw new Error('a task is missing');
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const figures = { 'ms of CPU': (user + system) / 1000, ms };
  if (contestant === 'floor') return console.log(JSON.stringify(figures));
  if (terminal.pictures === 0 || !terminal.last.includes('ran')) throw new Error('no progress was shown');
  const shown = {
    'events a second': (2 * tasks) / (ms / 1000),
    'pictures a second': terminal.pictures / (ms / 1000),
    'longest time between pictures, ms': terminal.longestGap,
  };
  console.log(JSON.stringify({ ...figures, ...shown }));
}

void main(process.argv[2]!, process.argv[3]!);
