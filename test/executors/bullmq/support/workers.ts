import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { WorkerOptions } from '../../../../src/executors/bullmq/worker/options';
import { launchWorker } from '../../../../src/executors/bullmq/worker/start-worker';
import { Child } from '../../../support/child';
import type { RedisServer } from '../../../support/redis-server';

export const tasksFile = resolve(__dirname, '../../fixtures/tasks.ts');
export const ownTasksFile = resolve(__dirname, '../fixtures/tasks.ts');
// Jest compiles only what it loads itself.
export const execArgv = ['-r', resolve(__dirname, '../../../support/register.js')];
const fixture = resolve(__dirname, '../fixtures/start-worker.ts');

const started: Child[] = [];
// One that a failed test leaves behind would keep Jest waiting, since it writes to the same stderr.
afterAll(() => {
  for (const { process } of started.splice(0)) process.kill('SIGKILL');
});

/** Where the queues and the results of a server are. */
export function connectionTo(server: RedisServer): string {
  return server.uri();
}

/** A worker in this process, in which tasks run in line unless said otherwise. */
export function workerHere(server: RedisServer, options: Partial<WorkerOptions> = {}) {
  return launchWorker({
    modules: [ownTasksFile],
    connection: server.uri(),
    executor: 'inline',
    stopSignals: [],
    execArgv,
    ...options,
  });
}

/** A worker in a process of its own. Resolves when it takes jobs. @param options `leased`: how long its leases last; `passphrase`: the key of its storage */
export async function workerProcess(
  server: RedisServer,
  options: Partial<WorkerOptions> & { leased?: number; passphrase?: string } = {},
): Promise<Child> {
  const given = { modules: [ownTasksFile], connection: server.uri(), executor: 'inline', execArgv, ...options };
  const child = new Child(fixture, [JSON.stringify(given)]);
  started.push(child);
  const lines = createInterface({ input: child.process.stdout! });
  await Promise.race([once(lines, 'line'), child.ended.then(({ output }) => Promise.reject(new Error(output)))]);
  return child;
}
