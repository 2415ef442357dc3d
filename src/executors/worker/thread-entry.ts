import { parentPort } from 'node:worker_threads';
import type { Bytes } from '../../encoding/encoder';
import type { ToWorker } from '../pool/messages';
import { endsOnUncaught } from './ends-on-uncaught';
import { Service } from './service';

const port = parentPort!;
const service = new Service(
  (message, bytes) =>
    port.postMessage([message, bytes], [...new Set(bytes.map(({ buffer }) => buffer as ArrayBuffer))]),
  { givesAway: true },
);
port.on('message', ([message, bytes]: [ToWorker, readonly Bytes[]]) => service.take(message, bytes));
endsOnUncaught(service);
