import { setImmediate as nextTurn } from 'node:timers/promises';
import { DriverQueue } from '../../../src/executors/bullmq/driver/driver-queue';
import type { JobObserver, NewJob } from '../../../src/executors/bullmq/driver/pending-job';
import { Signal } from '../../support/signal';

/** A queue whose Redis answers when it is told to. */
function queueWith(mostAtOnce: number) {
  const added: string[][] = [];
  const removal = new Signal<number>();
  const bull = {
    keys: { events: 'events' },
    addBulk: async (jobs: { opts: { jobId: string } }[]) => void added.push(jobs.map(({ opts }) => opts.jobId)),
    remove: () => removal.promise,
  };
  const host = { adding: { client: {} }, follow: async () => {}, addWaiting: () => {}, checkSoon: () => {} };
  const queue = new DriverQueue('Quick', bull as never, host as never, mostAtOnce);
  for (let i = 0; i < 10; i++) queue.recordDuration('Quick', 0.1);
  return { queue, added, removal };
}

const asked = (id: string): NewJob => ({
  id,
  data: { task: 'Quick', isSaved: true, body: '', sum: '' },
  mayBatch: true,
});
const watcher = (): JobObserver => ({ answered: jest.fn(), started: jest.fn(), requeued: jest.fn() }) as never;
it('says that a job waits again when it is put off or given back', async () => {
  const { queue } = queueWith(1);
  const told: string[] = [];
  const note = (what: string) => () => void told.push(what);
  queue.request(asked('1'), { started: note('started'), requeued: note('waits'), stalled: note('stalled') } as never);
  await settled();
  for (const type of ['waiting', 'active', 'delayed', 'waiting', 'active', 'waiting', 'stalled', 'active'])
    queue.handle({ type, jobId: '1', text: '' });
  expect(told).toEqual(['started', 'waits', 'started', 'waits', 'stalled', 'started']);
});

const settled = async () => {
  for (let i = 0; i < 5; i++) await nextTurn();
};

it.each([
  ['alone', 1],
  ['in a bundle', 50],
])('adds a job again that another run asks for while it is being taken back: %s', async (_, mostAtOnce) => {
  const { queue, added, removal } = queueWith(mostAtOnce);
  const [first, second] = [watcher(), watcher()];
  for (const id of ['1', '2']) queue.request(asked(id), first);
  await settled();
  expect(added.flat()).toHaveLength(mostAtOnce === 1 ? 2 : 1);
  const taken = ['1', '2'].map((id) => queue.cancelIfQueued(id, first));
  queue.request(asked('2'), second);
  removal.fire(1);
  expect(await Promise.all(taken)).toEqual([true, true]);
  await settled();
  expect([added.at(-1), [...queue.jobs.keys()]]).toEqual([['2'], ['2']]);
  expect([...queue.jobs.get('2')!.observers]).toEqual([second]);
});
