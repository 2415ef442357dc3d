import { type Executor, inline, Param, Requires, Runner, Task, task } from 'tidemark';
import { type Job } from 'tidemark/extend';
import type { SharedResults } from '../../src/executors/executor';
import { StoredResult } from '../../src/executors/remote/stored-result';
import type { TaskKey } from '../../src/task/context';
import { outcomeOf } from '../support/outcome';

/** Runs tasks here, and leaves what they give where workers on other machines would: out of the run's memory. */
class Shelf implements Executor {
  readonly name = 'shelf';
  readonly sharesStorage = true;
  readonly kept = new Map<string, unknown>();
  readonly shared: SharedResults[] = [];
  readonly fetched: string[] = [];
  readonly endedRuns: string[] = [];
  readonly queues: [string, number | undefined][] = [];
  isOutdated = false;
  saves = false;

  async execute(job: Job): Promise<StoredResult> {
    const { node, shared } = job;
    if (shared) this.shared.push(shared);
    const value = await inline().execute({ ...job, requirements: job.requirements.map((one) => this.#read(one)) });
    const key = `${node.task.name}/${this.kept.size}` as TaskKey;
    this.kept.set(key, value);
    return new StoredResult({
      key,
      digest: key,
      size: 7,
      seconds: 2,
      holdsRefs: Array.isArray(value) && value.some((one) => one === ref),
      isSaved: this.saves && node.task.save,
      wasThere: false,
      isOutdated: this.isOutdated,
      fetch: async () => {
        this.fetched.push(key);
        return this.kept.get(key);
      },
      remove: () => void this.kept.delete(key),
    });
  }

  useQueue(name: string, concurrency: number | undefined): undefined {
    this.queues.push([name, concurrency]);
  }

  async endRun(runId: string): Promise<void> {
    this.endedRuns.push(runId);
  }

  #read(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#read(one));
    return value instanceof StoredResult ? this.kept.get(value.stored.key) : value;
  }
}

@Task()
class Leaf {
  @Param() n!: number;
  run(): { n: number } {
    return { n: this.n };
  }
}

@Task()
class Sum {
  @Requires(() => [1, 2, 3].map((n) => task(Leaf, { n }))) leaves!: { n: number }[];
  run(): number {
    return this.leaves.reduce((sum, { n }) => sum + n, 0);
  }
}

@Task({ save: true })
class Saved {
  @Requires(Sum) sum!: number;
  run(): { sum: number } {
    return { sum: this.sum };
  }
}

@Task()
class Part {
  @Requires(() => task(Saved).at('sum')) sum!: number;
  run(): number {
    return this.sum + 1;
  }
}

const ref = task(Leaf, { n: 5 });
@Task()
class Dynamic {
  run() {
    return [ref, ref];
  }
}

const runnerOn = (shelf: Shelf, queues = {}) => new Runner({ storage: 'memory:', executor: shelf, queues });

it('loads only what is wanted, and lets go of the rest once nobody needs it', async () => {
  const shelf = new Shelf();
  expect(await runnerOn(shelf).run(Sum)).toBe(6);
  expect(shelf.fetched).toEqual(['Sum/3']);
  expect(shelf.endedRuns).toEqual([shelf.shared[0]!.runId]);
  expect([...shelf.kept.keys()]).toEqual(['Sum/3']);
});

it('loads what tasks in this process require', async () => {
  const shelf = new Shelf();
  expect(await runnerOn(shelf, { Sum: { executor: inline() } }).run(Sum)).toBe(6);
  expect(shelf.fetched.sort()).toEqual(['Leaf/0', 'Leaf/1', 'Leaf/2']);
});

it('loads a result of which a task wants a part', async () => {
  expect(await runnerOn(new Shelf()).run(Part)).toBe(7);
});

it('follows the refs in a result', async () => {
  expect(await runnerOn(new Shelf()).run(Dynamic)).toEqual([{ n: 5 }, { n: 5 }]);
});

it('says what is saved where, for the record and for those who require it', async () => {
  const shelf = new Shelf();
  shelf.saves = true;
  const runner = runnerOn(shelf);
  const { summary } = await outcomeOf(runner.start(Part));
  expect(summary).toMatchObject({ ran: 6, saved: 1, savedBytes: 7 });
  const facts = shelf.shared.map((shared) => shared.facts?.task);
  expect(facts).toEqual([undefined, undefined, undefined, undefined, 'Saved', undefined]);
  const { facts: saved } = shelf.shared[4]!;
  expect(saved).toMatchObject({ key: await runner.key(Saved), requires: [[await runner.key(Sum), null]] });
});

it('does not count what is outdated as saved, and says so', async () => {
  const shelf = new Shelf();
  shelf.saves = shelf.isOutdated = true;
  const { summary } = await outcomeOf(runnerOn(shelf).start(Saved));
  expect([summary.saved, summary.warnings.length]).toEqual([0, 5]);
});

it('tells an executor of the queues that name it', () => {
  const shelf = new Shelf();
  new Runner({ storage: 'memory:', executor: shelf, queues: { gpu: { concurrency: 2 }, other: {} } });
  expect(shelf.queues).toEqual([
    ['gpu', 2],
    ['other', undefined],
  ]);
});
