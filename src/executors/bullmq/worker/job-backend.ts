import { Pool } from '../../pool/pool';
import type { PoolAnswer, PoolRequest } from '../../pool/pool-job';
import { Attachments } from '../../remote/attachments';
import { writeFailure } from '../../remote/failure';
import type { Reply, StartMessage } from '../../remote/messages';
import { runJob, WorkerContext } from '../../worker/run-job';
import type { TaskCatalog } from '../../worker/task-catalog';
import type { FullWorkerOptions } from './options';

/** Runs jobs in a pool or in this thread. */
export interface JobBackend {
  /** @throws {WorkerLostError} when what ran it ended, the reason of the signal when that aborted before it began */
  run(request: PoolRequest): Promise<PoolAnswer>;
  close(): Promise<void>;
}

export function makeJobBackend(options: FullWorkerOptions, catalogue: TaskCatalog): JobBackend {
  const { executor, modules, concurrency, execArgv } = options;
  if (executor === 'inline') return inlineBackend(catalogue);
  const start = startMessage(options);
  if (executor === 'processes') {
    const { startProcess } = require('../../pool/process-worker') as typeof import('../../pool/process-worker');
    return new Pool({
      start,
      size: concurrency,
      startWorker: (listener) => startProcess({ modules, execArgv }, listener),
    });
  }
  const { shareWithThreads, startThread } =
    require('../../pool/thread-worker') as typeof import('../../pool/thread-worker');
  const pool = new Pool({
    start,
    size: concurrency,
    startWorker: (listener) => startThread({ modules, execArgv }, listener),
  });
  return {
    run: (request) => pool.run({ ...request, bytes: request.bytes.map(shareWithThreads) }),
    close: () => pool.close(),
  };
}

/** Modules and container that each thread or process loads, and this process too. */
export function startMessage({ executor, modules, container }: FullWorkerOptions): StartMessage {
  return { type: 'start', pool: executor === 'inline' ? 'startWorker' : executor, modules, container };
}

function inlineBackend(catalogue: TaskCatalog): JobBackend {
  return {
    run: async ({ message, bytes, context }) => {
      const outbox = new Attachments();
      // TypeScript takes the arguments of one overload only.
      const within = new WorkerContext(message, context.signal, (told) => {
        if (told.type === 'log') context.log(told.message);
        else if (told.type === 'progress') context.progress(...(told.said as [number, number?, string?]));
      });
      let reply: Reply;
      try {
        reply = await runJob(message, bytes, catalogue, within, outbox);
      } catch (error) {
        reply = { type: 'failed', failure: writeFailure(error, outbox) };
      }
      return { reply, bytes: outbox.bytes, output: '' };
    },
    close: async () => undefined,
  };
}
