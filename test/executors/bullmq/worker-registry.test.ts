import { NoWorkerWarning } from '../../../src/executors/bullmq/driver/driver-queue';
import { PendingJob } from '../../../src/executors/bullmq/driver/pending-job';
import type { WorkerRegistration } from '../../../src/executors/bullmq/protocol/worker-registry';
import { whyUnsupported } from '../../../src/executors/bullmq/worker/job-processor';

const noticeOf = (id: string, version: number): WorkerRegistration => ({
  id,
  name: `host/${id}`,
  queues: ['Versioned'],
  tasks: [['Versioned', version]],
});
const taken = { queue: { name: 'Versioned', bullName: 'Versioned' }, job: { data: { task: 'Versioned', version: 2 } } };
const why = (notices: readonly WorkerRegistration[], isComplete = true) =>
  whyUnsupported(taken as never, { workersOf: async () => notices, isComplete } as never, noticeOf('1', 1));

describe('a job of another version', () => {
  it('is refused when nobody has that', async () => {
    expect(await why([noticeOf('1', 1), noticeOf('2', 1)])).toMatch(
      'no worker of queue Versioned can run Versioned version 2: host/1 has version 1, host/2 has version 1',
    );
  });

  it('is left to others when somebody has it, and when it cannot be known who is there', async () => {
    expect(await why([noticeOf('1', 1), noticeOf('2', 2)])).toBeUndefined();
    // Redis was away, or has lost the board: this worker itself is not on it.
    expect(await why([noticeOf('1', 1)], false)).toBeUndefined();
    expect(await why([])).toBeUndefined();
  });
});

describe('a queue without workers', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is told of once, whether or not its first job was begun, and again when somebody was there meanwhile', () => {
    const job = new PendingJob({
      id: '1',
      data: { task: 'Versioned', isSaved: false, body: '', sum: '' },
      mayBatch: false,
    });
    const said = jest.fn();
    job.observers.add({ noWorker: said } as never);
    job.isStarted = true;
    const unheard = new NoWorkerWarning(new Map([['1', job]]));
    expect(unheard.isDue).toBe(false);
    jest.advanceTimersByTime(11_000);
    expect(unheard.isDue).toBe(true);
    for (const workers of [0, 0, 1, 1, 0, 0]) unheard.update(workers);
    expect(said).toHaveBeenCalledTimes(2);
  });
});
