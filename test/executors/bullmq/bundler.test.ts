import fc from 'fast-check';
import { Bundler } from '../../../src/executors/bullmq/bundler';
import { Bundles } from '../../../src/executors/bullmq/bundles';
import { Bundle, WaitingJob } from '../../../src/executors/bullmq/waiting-job';

const job = (id: string, task = 'Quick', run = 'run', mayBundle = true) =>
  new WaitingJob({ id, data: { task, run, isSaved: false, body: '', sum: '' }, mayBundle });
const jobsIn = (parcel: WaitingJob | Bundle) => (parcel instanceof Bundle ? [...parcel.jobs] : [parcel]);

function knowing(most: number, times: Readonly<Record<string, number>>): Bundler {
  const bundler = new Bundler(most);
  for (const [task, time] of Object.entries(times)) for (let i = 0; i < 10; i++) bundler.note(task, time);
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
        if (!(parcel instanceof Bundle)) continue;
        const [first, ...others] = jobsIn(parcel);
        const { task, run } = first!.data;
        expect(others.length).toBeGreaterThan(0);
        expect(others.length + 1).toBeLessThanOrEqual(Math.min(most, 20 / times[task]!));
        for (const one of jobsIn(parcel))
          expect([one.data.task, one.data.run, one.mayBundle]).toEqual([task, run, true]);
      }
    };
    fc.assert(fc.property(jobs, fc.integer({ min: 1, max: 60 }), check));
  });

  it('bundles nothing before it knows how long a task takes', () => {
    const bundler = new Bundler(50);
    const pack = () => bundler.pack([job('1'), job('2')]).length;
    expect(pack()).toBe(2);
    for (let i = 0; i < 10; i++) bundler.note('Quick', 0.1);
    expect(pack()).toBe(1);
  });

  it('takes no notice of what is no time', () => {
    const bundler = knowing(50, { Quick: Number.NaN });
    expect(bundler.pack([job('1'), job('2')])).toHaveLength(2);
  });

  it('goes by what happened of late', () => {
    const bundler = knowing(50, { Quick: 0.1 });
    bundler.note('Quick', 5_000);
    expect(bundler.pack([job('1'), job('2')])).toHaveLength(2);
    for (let i = 0; i < 70; i++) bundler.note('Quick', 0.1);
    expect(bundler.pack([job('1'), job('2')])).toHaveLength(1);
  });
});

describe('a bundle whose answers', () => {
  async function over(answersIn: (place: string) => Promise<any>, running?: string) {
    const all = [job('1'), job('2'), job('3')];
    const jobs = new Map(all.map((one) => [one.id, one]));
    const told: string[] = [];
    const note = (what: string) => (one: WaitingJob) => {
      told.push(`${what} ${one.id}`);
      bundles.release(one);
    };
    const bundles = new Bundles({
      jobs,
      answersIn,
      remove: async () => 1,
      tell: note('told'),
      answered: note('answered'),
      failed: note('failed'),
      notBegun: note('not begun'),
      lost: note('lost'),
    });
    const bundle = new Bundle(all);
    bundles.add(bundle);
    const said = { answers: 'place', running };
    const [type, text] = running ? ['progress', said] : ['completed', { json: said, bytes: [] }];
    bundles.take({ type, jobId: bundle.id, text: JSON.stringify(text) });
    await new Promise(setImmediate);
    expect(all.flatMap((one) => (one.bundle ? one.id : []))).toEqual(running ? [running] : []);
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
    const parts = { jobs: new Map(all.map((one) => [one.id, one])), tell: (one: WaitingJob) => told.push(one.id) };
    const bundles = new Bundles(parts as never);
    const bundle = new Bundle(all);
    bundles.add(bundle);
    bundles.take({ type: 'completed', jobId: bundle.id, text: '17' });
    expect(told).toEqual(['1', '2']);
  });

  it('come late say nothing of what is asked for anew', async () => {
    const [first, again] = [job('1'), job('1')];
    const jobs = new Map([['1', first]]);
    const answered = jest.fn();
    const gone = () => {};
    const parts = { jobs, answersIn: async () => [{ ...answers[0], id: '1' }], answered, notBegun: gone, lost: gone };
    const bundles = new Bundles(parts as never);
    const bundle = new Bundle([first, job('2')]);
    bundles.add(bundle);
    bundles.release(first);
    jobs.set('1', again);
    bundles.take({ type: 'completed', jobId: bundle.id, text: JSON.stringify({ json: { answers: 'place' } }) });
    await new Promise(setImmediate);
    expect(answered).not.toHaveBeenCalled();
  });

  it('cannot be read fails them', async () => {
    expect(await over(() => Promise.reject(new Error('no')))).toEqual(['failed 1', 'failed 2', 'failed 3']);
  });
});
