import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Channel } from '../pool/channel';
import type { FromWorker, ToWorker } from '../remote/messages';
import { exitOnUncaught, WorkerMessageLoop } from './message-loop';

/** File descriptors that `process-worker.ts` opened for this process. */
const messages = 3;
const lifeline = 4;

const socket = new Socket({ fd: messages });
const channel = new Channel<ToWorker, FromWorker>(socket, (message, bytes) => service.handle(message, bytes));
const service = new WorkerMessageLoop({
  send: (message, bytes) => channel.send(message, bytes),
  givesAway: false,
  setRef: (isReferenced) => (isReferenced ? socket.ref() : socket.unref()),
});
socket
  .on('error', () => undefined)
  .on('close', () => (service.isBusy ? killGroup() : void service.close().then(() => process.exit(0))));
exitOnUncaught(service);
flushOutputAtOnce();
watchParent();
// A service manager may signal all processes of a service; the parent decides when this one ends.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

/** Writes output synchronously, so that it is out before the reply or the exit. Node would buffer it. */
function flushOutputAtOnce(): void {
  for (const stream of [process.stdout, process.stderr] as readonly Printer[]) stream._handle?.setBlocking?.(true);
}

interface Printer {
  readonly _handle?: { setBlocking?(isBlocking: boolean): void };
}

/** A task that computes without a pause would not see the socket close; a thread of its own does. */
function watchParent(): void {
  const code = `
    const { Socket } = require('node:net');
    const end = () => setTimeout(${killGroup.toString()}, 300);
    new Socket({ fd: ${lifeline} }).on('error', () => {}).on('close', end).resume();
  `;
  const options = { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 16 } };
  new Worker(code, options).unref();
}

/** Ends this process and what it started. */
function killGroup(): void {
  // 0 is the group that this process is in, which is its own; Windows has none.
  process.kill(process.platform === 'win32' ? process.pid : 0, 'SIGKILL');
}
