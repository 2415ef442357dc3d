import fc from 'fast-check';
import { Batcher } from '../../../src/executors/bullmq/driver/batcher';
import { BatchesInFlight } from '../../../src/executors/bullmq/driver/batches';
import { JobBatch, PendingJob } from '../../../src/executors/bullmq/driver/pending-job';

const job = (id: string, task = 'Quick', run = 'run', mayBundle = true) =>
  new PendingJob({ id, data: { task, run, isSaved: false, body: '', sum: '' }, mayBatch: mayBundle });
const jobsIn = (parcel: PendingJob | JobBatch) => (parcel instanceof JobBatch ? [...parcel.jobs] : [parcel]);

function knowing(most: number, times: Readonly<Record<string, number>>): Batcher {
  const bundler = new Batcher(most);
  for (const [task, time] of Object.entries(times)) for (let i = 0; i < 10; i++) bundler.record(task, time);
  return bundler;
}

describe('a bundler', () => {
  const jobs = fc.array(
    fc.record({ task: fc.constantFrom('Quick', 'Quicker', 'Slow'), run: fc.constantFrom('a', 'b'), may: fc.boolean() }),
    { maxLength: 300 },
  );
  it('loses and doubles no job, and puts only few of one task and run together', () => {
    const times: Record<string, number> = { Quick: 2, Quicker: 0.1, Slow: 15 };
    const check = (given: { task: string; run: string; may: boolean }[], most: number) => {
      const asked = given.map(({ task, run, may }, i) => job(String(i), task, run, may));
      const parcels = knowing(most, times).pack(asked);
      const packed = parcels.flatMap(jobsIn);
      expect(packed).toHaveLength(asked.length);
      expect(new Set(packed)).toEqual(new Set(asked));
      for (const parcel of parcels) {
        if (!(parcel instanceof JobBatch)) continue;
        const [first, ...others] = jobsIn(parcel);
        const { task, run } = first!.data;
        expect(others.length).toBeGreaterThan(0);
        expect(others.length + 1).toBeLessThanOrEqual(Math.min(most, 20 / times[task]!));
        for (const one of jobsIn(parcel))
          expect([one.data.task, one.data.run, one.mayBatch]).toEqual([task, run, true]);
      }
    };
    fc.assert(fc.property(jobs, fc.integer({ min: 1, max: 60 }), check));
  });

  it('bundles nothing before it knows how long a task takes', () => {
    const bundler = new Batcher(50);
    const pack = () => bundler.pack([job('1'), job('2')]).length;
    expect(pack()).toBe(2);
    for (let i = 0; i < 10; i++) bundler.record('Quick', 0.1);
    expect(pack()).toBe(1);
  });

  it('takes no notice of what is no time', () => {
    const bundler = knowing(50, { Quick: Number.NaN });
    expect(bundler.pack([job('1'), job('2')])).toHaveLength(2);
  });

  it('goes by what happened of late', () => {
    const bundler = knowing(50, { Quick: 0.1 });
    bundler.record('Quick', 5_000);
    expect(bundler.pack([job('1'), job('2')])).toHaveLength(2);
    for (let i = 0; i < 70; i++) bundler.record('Quick', 0.1);
    expect(bundler.pack([job('1'), job('2')])).toHaveLength(1);
  });
});

describe('a bundle whose answers', () => {
  async function over(answersIn: (place: string) => Promise<any>, running?: string) {
    const all = [job('1'), job('2'), job('3')];
    const jobs = new Map(all.map((one) => [one.id, one]));
    const told: string[] = [];
    const note = (what: string) => (one: PendingJob) => {
      told.push(`${what} ${one.id}`);
      bundles.release(one);
    };
    const bundles = new BatchesInFlight({
      jobs,
      readAnswers: answersIn,
      remove: async () => 1,
      onEvent: note('told'),
      onAnswered: note('answered'),
      onFailed: note('failed'),
      onNotStarted: note('not begun'),
      onLost: note('lost'),
    });
    const bundle = new JobBatch(all);
    bundles.add(bundle);
    const said = { answers: 'place', running };
    const [type, text] = running ? ['progress', said] : ['completed', { json: said, bytes: [] }];
    bundles.handle({ type, jobId: bundle.id, text: JSON.stringify(text) });
    await new Promise(setImmediate);
    expect(all.flatMap((one) => (one.batch ? one.id : []))).toEqual(running ? [running] : []);
    return told;
  }
  const answers = [
    { id: '2', isFailed: false, sealed: { body: '' } },
    { id: '7', isFailed: true, sealed: { body: '' } },
  ];

  it('are there gives them, and the others as not begun', async () => {
    expect(await over(async () => answers)).toEqual(['answered 2', 'not begun 1', 'not begun 3']);
  });

  it('are gone has lost its jobs', async () => {
    expect(await over(async () => undefined)).toEqual(['lost 1', 'lost 2', 'lost 3']);
  });

  it('are there before one of it has ended gives back what was not begun', async () => {
    expect(await over(async () => answers, '3')).toEqual(['answered 2', 'not begun 1']);
  });

  it('were given by something else has each job find that out', async () => {
    const all = [job('1'), job('2')];
    const told: string[] = [];
    const parts = { jobs: new Map(all.map((one) => [one.id, one])), onEvent: (one: PendingJob) => told.push(one.id) };
    const bundles = new BatchesInFlight(parts as never);
    const bundle = new JobBatch(all);
    bundles.add(bundle);
    bundles.handle({ type: 'completed', jobId: bundle.id, text: '17' });
    expect(told).toEqual(['1', '2']);
  });

  it('come late say nothing of what is asked for anew', async () => {
    const [first, again] = [job('1'), job('1')];
    const jobs = new Map([['1', first]]);
    const answered = jest.fn();
    const gone = () => {};
    const parts = {
      jobs,
      readAnswers: async () => [{ ...answers[0], id: '1' }],
      onAnswered: answered,
      onNotStarted: gone,
      onLost: gone,
    };
    const bundles = new BatchesInFlight(parts as never);
    const bundle = new JobBatch([first, job('2')]);
    bundles.add(bundle);
    bundles.release(first);
    jobs.set('1', again);
    bundles.handle({ type: 'completed', jobId: bundle.id, text: JSON.stringify({ json: { answers: 'place' } }) });
    await new Promise(setImmediate);
    expect(answered).not.toHaveBeenCalled();
  });

  it('cannot be read fails them', async () => {
    expect(await over(() => Promise.reject(new Error('no')))).toEqual(['failed 1', 'failed 2', 'failed 3']);
  });
});
