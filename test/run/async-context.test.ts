import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Param, Requires, Runner, type RunnerOptions, Task, type TaskContext, task } from 'tidemark';

const tenant = new AsyncLocalStorage<string>();
/** What ran for somebody else than it should have. */
const wrong: string[] = [];
let seen = 0;

function check(what: string, who: string): void {
  seen++;
  if (tenant.getStore() !== who) wrong.push(`${what} of ${who} ran as ${tenant.getStore()}`);
}

beforeEach(() => {
  wrong.length = 0;
  seen = 0;
});

@Task({ queue: 'api', save: true, retries: { attempts: 2, delay: 1 } })
class Fetch {
  @Param() who!: string;
  @Param() n!: number;
  fingerprint(): string {
    check('fingerprint', this.who);
    return '1';
  }
  restore(): undefined {
    check('restore', this.who);
  }
  async checkpoint(): Promise<void> {
    check('checkpoint', this.who);
  }
  async run({ attempt, signal }: TaskContext): Promise<number> {
    check('run', this.who);
    signal.addEventListener('abort', () => check('abort', this.who));
    await sleep(this.n % 3);
    check('later', this.who);
    if (attempt === 1 && this.n === 1) throw new Error('once more');
    return this.n;
  }
}

@Task({ queue: 'compute' })
class Scale {
  @Param() who!: string;
  @Param() n!: number;
  @Requires(Fetch) fetched!: number;
  run(): number {
    check('sync run', this.who);
    // As some libraries do: it must not reach the tasks that start after this one.
    tenant.enterWith('somebody else');
    return this.fetched * 2;
  }
}

@Task()
class All {
  @Param() who!: string;
  @Requires((self: All) => Array.from({ length: 4 }, (_, n) => task(Scale, { who: self.who, n })))
  all!: number[];
  run() {
    check('target', this.who);
    return [task(Fetch, { who: this.who, n: 10 }), task(Scale, { who: this.who, n: 11 })];
  }
}

const tenants = ['alice', 'bob', 'carol', 'dave'];
const limits: [string, RunnerOptions][] = [
  ['a queue', { queues: { api: { concurrency: 1 }, compute: { concurrency: 1 } } }],
  ['the runner', { concurrency: 1 }],
  ['none', {}],
];

it.each(limits)('calls all code of a run in the context where it was started, with the limit of %s', async (_, how) => {
  const runner = new Runner({ storage: 'memory:', ...how });
  await Promise.all(tenants.map((who) => tenant.run(who, () => runner.run(All, { who }))));
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});

it('calls what listens to a signal in the context of its run, whoever cancels it', async () => {
  const runner = new Runner({ storage: 'memory:' });
  const run = tenant.run('alice', () => runner.start(Fetch, { who: 'alice', n: 2 }));
  await sleep(1);
  tenant.run('bob', () => run.cancel());
  await run.result.catch(() => undefined);
  expect(wrong).toEqual([]);
});

it('warns in the context of the run', async () => {
  @Task({ save: true })
  class Broken {
    @Param() who!: string;
    checkpoint(): void {
      throw new Error('no room');
    }
    run(): number {
      return 1;
    }
  }
  const heard: (string | undefined)[] = [];
  const runner = new Runner({
    storage: 'memory:',
    concurrency: 1,
    onWarning: () => heard.push(tenant.getStore()),
  });
  await Promise.all(tenants.map((who) => tenant.run(who, () => runner.run(Broken, { who }))));
  expect(heard.sort()).toEqual(tenants);
});
