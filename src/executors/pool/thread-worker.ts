import { type ResourceLimits, Worker } from 'node:worker_threads';
import { codeOf, describeNamed } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { workerEntry } from './entry-file';
import type { FromWorker } from './messages';
import type { PoolWorker, WorkerListener } from './pool-worker';

export interface ThreadOptions {
  /** The files that declare the tasks. */
  readonly modules: readonly string[];
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly execArgv?: readonly string[] | undefined;
}

/** Starts a worker thread. */
export function startThread(
  { modules, resourceLimits, execArgv }: ThreadOptions,
  listener: WorkerListener,
): PoolWorker {
  const entry = workerEntry('thread', modules);
  const thread = new Worker('code' in entry ? entry.code : entry.file, {
    eval: 'code' in entry,
    ...(resourceLimits && { resourceLimits }),
    ...(execArgv && { execArgv: [...execArgv] }),
  });
  let error: unknown;
  thread
    .on('message', ([message, bytes]: [FromWorker, readonly Bytes[]]) => listener.message(message, bytes))
    .on('error', (cause: unknown) => (error = cause))
    .on('exit', (code) => listener.ended({ how: howOf(code, error), cause: error }));
  thread.unref();
  return {
    // Not transferred: what is large lies in shared memory.
    send: (message, bytes) => thread.postMessage([message, bytes]),
    takeOutput: () => '',
    kill: () => void thread.terminate(),
    end: async () => {
      thread.ref();
      await thread.terminate();
    },
    setRef: (isReferenced) => (isReferenced ? thread.ref() : thread.unref()),
  };
}

/** From this size on, a copy for each thread costs more than memory that they share. */
const leastShared = 16 * 1024;

/** Bytes as they are sent to threads: alone in their memory, of which a copy is sent, or in memory that threads share. */
export function shareWithThreads(bytes: Bytes): Bytes {
  if (bytes.byteLength < leastShared) return new Uint8Array(bytes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  return shared;
}

function howOf(code: number, error: unknown): string {
  if (error === undefined) return `exit code ${code}`;
  return codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : `uncaught ${describeNamed(error)}`;
}
