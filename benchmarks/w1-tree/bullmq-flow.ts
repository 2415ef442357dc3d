import { once } from 'node:events';
import { loadPeer } from '../bench/peers';

interface Flow {
  readonly name: string;
  readonly queueName: string;
  readonly data: { readonly i: number };
  readonly children?: readonly Flow[];
}

interface Job {
  readonly data: { readonly i: number };
  getChildrenValues(): Promise<Record<string, number>>;
}

/** A flow of jobs in Redis, and a worker for them in this process. */
export async function bullmqFlow(): Promise<(size: number) => Promise<number>> {
  const { FlowProducer, Worker } = loadPeer('bullmq');
  const { Redis } = loadPeer('ioredis');
  const uri = process.env['BENCH_REDIS'];
  return async (size) => {
    const queueName = `tree-${size}-${process.hrtime.bigint()}`;
    const flowOf = (i: number): Flow => ({
      name: `Sum-${i}`,
      queueName,
      data: { i },
      ...(2 * i + 2 < size && { children: [flowOf(2 * i + 1), flowOf(2 * i + 2)] }),
    });
    const connections = [1, 2].map(() => new Redis(uri, { maxRetriesPerRequest: null }));
    const sum = async (job: Job) => {
      if (2 * job.data.i + 2 >= size) return 1;
      return Object.values(await job.getChildrenValues()).reduce((total, one) => total + one);
    };
    const worker = new Worker(queueName, sum, { connection: connections[0], concurrency: 64 });
    const producer = new FlowProducer({ connection: connections[1] });
    const root = rootOf(worker);
    await producer.add(flowOf(0));
    const result = await root;
    await Promise.all([worker.close(), producer.close()]);
    for (const connection of connections) connection.disconnect();
    return result;
  };
}

async function rootOf(worker: NodeJS.EventEmitter): Promise<number> {
  for (;;) {
    const [job, result] = (await once(worker, 'completed')) as [Job, number];
    if (job.data.i === 0) return result;
  }
}
