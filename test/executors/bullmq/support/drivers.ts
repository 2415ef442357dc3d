import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Runner, type RunnerOptions } from 'tidemark';
import { type QueueExecutor } from 'tidemark/bullmq';
import { bullmq } from '../../../../src/executors/bullmq/bullmq';
import type { BullMqOptions } from '../../../../src/executors/bullmq/options';
import { Child } from '../../../support/child';
import type { RedisServer } from '../../../support/redis-server';

/** A runner whose tasks run on the workers of a server, and which shares its storage with them. */
export function driver(
  server: RedisServer,
  options: Partial<BullMqOptions> = {},
  runnerOptions: Partial<RunnerOptions> = {},
): Runner & { readonly executor: QueueExecutor } {
  const executor = bullmq({ connection: server.uri(), checkInterval: 300, ...options });
  const runner = new Runner({ executor, storage: server.uri(), onWarning: () => undefined, ...runnerOptions });
  return Object.assign(runner, { executor });
}

/** A driver in a process of its own, which runs a task and prints what that gave. */
export function driverProcess(server: RedisServer, params: object, name = 'Counted'): Child {
  return new Child(resolve(__dirname, '../fixtures/drive.ts'), [server.uri(), JSON.stringify(params), name]);
}

/** The lines that tasks wrote to a file. */
export function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

/** Waits until something holds, for 20 seconds at most. */
export async function until(holds: () => unknown): Promise<void> {
  for (let i = 0; i < 2_000; i++) {
    if (await holds()) return;
    await wait(10);
  }
  throw new Error(`never: ${holds}`);
}
