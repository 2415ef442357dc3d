import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { describeNamed, errorCodeOf } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import type { FromWorker } from '../remote/messages';
import { workerEntry } from './entry-file';
import type { WorkerHandle, WorkerListener } from './worker-handle';

type FromThread = readonly [FromWorker, readonly Bytes[]];

export interface ThreadOptions {
  /** The files that declare the tasks. */
  readonly modules: readonly string[];
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly execArgv?: readonly string[] | undefined;
}

/** Starts a worker thread. Messages go through a channel of their own: `parentPort` is left to what tasks use. */
export function startThread(
  { modules, resourceLimits, execArgv }: ThreadOptions,
  listener: WorkerListener,
): WorkerHandle {
  const entry = workerEntry('thread', modules);
  const { port1: port, port2 } = new MessageChannel();
  const thread = new Worker('code' in entry ? entry.code : entry.file, {
    eval: 'code' in entry,
    workerData: { tidemark: port2 },
    transferList: [port2],
    ...(resourceLimits && { resourceLimits }),
    ...(execArgv && { execArgv: [...execArgv] }),
  });
  let error: unknown;
  const take = ([message, bytes]: FromThread) => listener.message(message, bytes);
  port.on('message', take);
  thread
    .on('error', (cause: unknown) => (error = cause))
    .on('exit', (code) => {
      drainPort(port, take);
      listener.exited({ how: exitReason(code, error), cause: error });
    });
  const setRef = (isReferenced: boolean): void => {
    for (const handle of [thread, port]) isReferenced ? handle.ref() : handle.unref();
  };
  setRef(false);
  return {
    // Not transferred: what is large lies in shared memory.
    send: (message, bytes) => port.postMessage([message, bytes]),
    drainOutput: () => '',
    kill: () => void thread.terminate(),
    end: async () => {
      thread.ref();
      await thread.terminate();
    },
    setRef,
  };
}

/** Takes what a thread sent before it ended, and closes its port. */
function drainPort(port: MessagePort, take: (message: FromThread) => void): void {
  for (let rest = receiveMessageOnPort(port); rest; rest = receiveMessageOnPort(port)) take(rest.message as FromThread);
  port.close();
}

/** From this size on, a copy for each thread costs more than memory that they share. */
const minSharedBytes = 16 * 1024;

/** Bytes as they are sent to threads: alone in their memory, of which a copy is sent, or in memory that threads share. */
export function shareWithThreads(bytes: Bytes): Bytes {
  if (bytes.byteLength < minSharedBytes) return new Uint8Array(bytes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  return shared;
}

function exitReason(code: number, error: unknown): string {
  if (error === undefined) return `exit code ${code}`;
  return errorCodeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : `uncaught ${describeNamed(error)}`;
}
