import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Runner, type RunnerOptions, Storage } from 'tidemark';
import { bullmq } from '../../../../src/executors/bullmq/bullmq';
import type { BullMqOptions } from '../../../../src/executors/bullmq/options';
import type { WorkerOptions } from '../../../../src/executors/bullmq/worker/options';
import { Child } from '../../../support/child';
import type { RedisServer } from '../../../support/redis-server';

const fixture = resolve(__dirname, '../fixtures/start-worker.ts');
const modules = [resolve(__dirname, '../fixtures/tasks.ts')];
// What workers start in turn compiles TypeScript too.
const execArgv = ['-r', resolve(__dirname, '../../../support/register.js')];
/** How soon the death of a worker is noticed, in milliseconds: of its jobs, and of its leases. */
const lockDuration = 1_000;
const expiresAfter = 1_500;

/** Workers in processes of their own and runners in this one, around a Redis. */
export class Cluster {
  readonly #server: RedisServer;
  readonly #workers = new Set<Child>();
  readonly #runners: { readonly runner: Runner; readonly storage: Storage }[] = [];

  constructor(server: RedisServer) {
    this.#server = server;
  }

  get workers(): readonly Child[] {
    return [...this.#workers];
  }

  /** Resolves when it takes jobs. @param uri of the Redis as this worker reaches it */
  async worker(options: Partial<WorkerOptions> = {}, uri = this.#server.uri()): Promise<Child> {
    const given = { modules, connection: uri, results: uri, expiresAfter, executor: 'inline', execArgv };
    const child = new Child(fixture, [
      JSON.stringify({ ...given, lockDuration, stopSignals: ['SIGTERM'], ...options }),
    ]);
    this.#workers.add(child);
    void child.ended.then(() => this.#workers.delete(child));
    const lines = createInterface({ input: child.process.stdout! });
    await Promise.race([once(lines, 'line'), child.ended.then((ended) => Promise.reject(new Error(ended.output)))]);
    return child;
  }

  /** @param uri of the Redis as the runner reaches it */
  runner(
    options: Partial<BullMqOptions> = {},
    runnerOptions: Partial<RunnerOptions> = {},
    uri = this.#server.uri(),
  ): Runner {
    const storage = Storage.open(uri, { lease: { expiresAfter } });
    const executor = bullmq({ connection: uri, checkInterval: 300, ...options });
    const runner = new Runner({ executor, storage, onWarning: () => undefined, ...runnerOptions });
    this.#runners.push({ runner, storage });
    return runner;
  }

  async kill(worker: Child): Promise<void> {
    worker.process.kill('SIGKILL');
    await worker.ended;
  }

  async close(): Promise<void> {
    await Promise.all(this.#runners.map(({ runner }) => runner.close()));
    await Promise.all(this.#runners.map(({ storage }) => storage.close()));
    await Promise.all(this.workers.map((worker) => this.kill(worker)));
  }
}
