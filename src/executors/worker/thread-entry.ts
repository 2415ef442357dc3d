import { syncBuiltinESMExports } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import type { Bytes } from '../../encoding/encoder';
import type { ToWorker } from '../remote/messages';
import { exitOnUncaught, WorkerMessageLoop } from './message-loop';

const port = ownPort();
const service = new WorkerMessageLoop({
  send: (message, bytes) =>
    port.postMessage([message, bytes], [...new Set(bytes.map(({ buffer }) => buffer as ArrayBuffer))]),
  givesAway: true,
  setRef: (isReferenced) => (isReferenced ? port.ref() : port.unref()),
});
port.on('message', ([message, bytes]: [ToWorker, readonly Bytes[]]) => service.handle(message, bytes));
exitOnUncaught(service);

/** The port that `thread-worker.ts` gave this thread. Tasks find no data of the worker, as if there were none. */
function ownPort(): MessagePort {
  const threads = require('node:worker_threads') as { workerData: { readonly tidemark: MessagePort } | null };
  const { tidemark } = threads.workerData!;
  threads.workerData = null;
  syncBuiltinESMExports();
  return tidemark;
}
