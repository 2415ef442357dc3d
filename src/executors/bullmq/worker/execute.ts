import { existsSync } from 'node:fs';
import { TidemarkError } from '../../../error';
import type { Layers } from '../../../storage/layers';
import type { JobContent } from '../job-content';
import type { Attempt } from './attempt';
import type { Done } from './result-keeper';
import type { RunsJobs } from './runs-jobs';
import { readStoredPieces } from './stored-pieces';
import type { TaskList } from './task-list';
import type { Teller } from './teller';

/** What a job is executed with. */
export interface ExecuteParts {
  readonly name: string;
  readonly tasks: TaskList;
  readonly layers: Layers;
  readonly pool: RunsJobs;
}

/** Runs a task with what its job brought and what lies in the storage. Gives what it gave, or else the answer. */
export async function execute(
  { name, tasks, layers, pool }: ExecuteParts,
  { message, bytes, directories }: JobContent,
  teller: Teller,
  signal: AbortSignal,
): Promise<(Done & { readonly output: string }) | Attempt> {
  for (const path of directories) checkDirectory(path, name);
  const pieces = await readStoredPieces(message, bytes, layers, tasks.catalogue);
  if ('missing' in pieces) return { answer: { type: 'missing', keys: pieces.missing, location: layers.location } };
  signal.throwIfAborted();
  const start = performance.now();
  const context = { signal, progress: teller.progress, log: teller.log };
  const ran = await pool.run({ ...pieces, context });
  const { reply, output } = ran;
  if (reply.type === 'failed') return { answer: { type: 'failed', failure: reply.failure }, bytes: ran.bytes, output };
  return { message: reply, bytes: ran.bytes, output, seconds: (performance.now() - start) / 1000 };
}

/** @throws {TidemarkError} when the directory of a task is not here */
function checkDirectory(path: string, name: string): void {
  if (existsSync(path)) return;
  throw new TidemarkError(
    `its directory ${path} is not on the machine of the worker ${name}: mount the same folder there, give runner and workers a folder that all see (new Runner({ directories: '…' })), or run the task in process`,
  );
}
