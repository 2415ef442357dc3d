// The measured processes: `worker`, `driver` or `waiting`, selected by messages from the parent.
import { inline, Runner } from 'tidemark';
import { bullmq, startWorker } from 'tidemark/bullmq';
import { Many } from './tasks';

/** The jobs to drive. */
export interface Drive {
  readonly kind: 'tiny' | 'saved';
  readonly count: number;
  readonly takes?: number;
  readonly outstanding?: number;
  /** How many tasks may go as one job. @default 1 */
  readonly bundle?: number;
  readonly name?: string;
}

/** Resources used by a process, in seconds of CPU time and bytes. */
export interface Used {
  readonly cpu: number;
  readonly seconds: number;
  readonly heap: number;
}

const connection = process.env['REDIS']!;

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function worker(concurrency: number): Promise<void> {
  const modules = [require.resolve('./tasks')];
  await startWorker({ modules, connection, concurrency, executor: 'threads', queues: ['scale'] });
  process.on('message', () => process.send!({ cpu: cpu(), seconds: performance.now() / 1000, heap: 0 }));
  process.send!('ready');
}

async function driver(): Promise<void> {
  process.on('message', ({ kind, count, takes = 0, outstanding = 1_000, bundle = 1, name = '' }: Drive) => {
    void (async () => {
      const executor = bullmq({ connection, concurrency: outstanding, bundle });
      const runner = new Runner({ executor, storage: connection, queues: { Many: { executor: inline() } } });
      const [before, start] = [cpu(), performance.now()];
      await runner.run(Many, { kind, count, takes, name });
      const used: Used = {
        cpu: cpu() - before,
        seconds: (performance.now() - start) / 1000,
        heap: process.memoryUsage().heapUsed,
      };
      await runner.close();
      process.send!(used);
    })();
  });
  process.send!('ready');
}

const [role, concurrency] = process.argv.slice(2);
void (role === 'worker' ? worker(Number(concurrency)) : driver());
