// An array of 100 MB, sent to a running thread and back.
//
// node large.js floor|ours
//
// The floor encodes it by hand, which means copying its bytes, because the sender keeps the array, and transferring the
// copy; the thread does the same in the other direction.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Runner, task, threads } from 'tidemark';
import { Back, use } from './tasks';

const length = 12_500_000;
const rounds = 5;

type Send = (array: Float64Array, round: number) => Promise<Float64Array>;

function handOver(port: { postMessage(value: unknown, transfer: ArrayBuffer[]): void }, array: Float64Array): void {
  const encoded = array.slice();
  port.postMessage(encoded, [encoded.buffer]);
}

function floor(): { readonly send: Send; close(): Promise<unknown> } {
  const worker = new Worker(__filename);
  return {
    send: async (array) => {
      handOver(worker, array);
      return (await once(worker, 'message'))[0];
    },
    close: () => worker.terminate(),
  };
}

function ours(): { readonly send: Send; close(): Promise<unknown> } {
  const executor = threads({ modules: [require.resolve('./tasks')], size: 1 });
  const runner = new Runner({ queues: { threads: { executor } }, storage: 'memory:' });
  return {
    send: (array, round) => {
      use(array);
      return runner.run(task(Back, { round }));
    },
    close: () => runner.close(),
  };
}

async function main(contestant: string): Promise<void> {
  const { send, close } = contestant === 'floor' ? floor() : ours();
  const array = Float64Array.from({ length }, (_, i) => i / 3);
  await send(array.slice(0, 1_000), 0);
  const start = performance.now();
  for (let round = 1; round <= rounds; round++) {
    const back = await send(array, round);
    if (back.length !== length || back[length - 1] !== array[length - 1]) throw new Error('another array came back');
  }
  console.log(JSON.stringify({ ms: (performance.now() - start) / rounds }));
  await close();
}

if (isMainThread) void main(process.argv[2]!);
else parentPort!.on('message', (array: Float64Array) => handOver(parentPort!, array));
