import { setImmediate as nextTurn } from 'node:timers/promises';
import { DriverQueue } from '../../../src/executors/bullmq/driver-queue';
import type { AskedJob, JobWatcher } from '../../../src/executors/bullmq/waiting-job';
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
  const host = { adding: { client: {} }, follow: async () => {}, waits: () => {}, lookSoon: () => {} };
  const queue = new DriverQueue('Quick', bull as never, host as never, mostAtOnce);
  for (let i = 0; i < 10; i++) queue.noteTook('Quick', 0.1);
  return { queue, added, removal };
}

const asked = (id: string): AskedJob => ({
  id,
  data: { task: 'Quick', isSaved: true, body: '', sum: '' },
  mayBundle: true,
});
const watcher = (): JobWatcher => ({ answered: jest.fn(), started: jest.fn(), waits: jest.fn() }) as never;
it('says that a job waits again when it is put off or given back', async () => {
  const { queue } = queueWith(1);
  const told: string[] = [];
  const note = (what: string) => () => void told.push(what);
  queue.ask(asked('1'), { started: note('started'), waits: note('waits'), stalled: note('stalled') } as never);
  await settled();
  for (const type of ['waiting', 'active', 'delayed', 'waiting', 'active', 'waiting', 'stalled', 'active'])
    queue.take({ type, jobId: '1', text: '' });
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
  for (const id of ['1', '2']) queue.ask(asked(id), first);
  await settled();
  expect(added.flat()).toHaveLength(mostAtOnce === 1 ? 2 : 1);
  const taken = ['1', '2'].map((id) => queue.withdraw(id, first));
  queue.ask(asked('2'), second);
  removal.fire(1);
  expect(await Promise.all(taken)).toEqual([true, true]);
  await settled();
  expect([added.at(-1), [...queue.jobs.keys()]]).toEqual([['2'], ['2']]);
  expect([...queue.jobs.get('2')!.watchers]).toEqual([second]);
});
