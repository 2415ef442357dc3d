import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Param, Requires, RunFailedError, Runner, Storage, Task, type TaskContext, type TaskRef, task } from 'tidemark';
import { collect } from '../support/collect';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const ran = new Map<string, number>();
const count = (name: string) => ran.set(name, (ran.get(name) ?? 0) + 1);
let failing: Error | undefined;
beforeEach(() => {
  ran.clear();
  failing = undefined;
});
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  ) as Promise<any>;
const times = <T>(n: number, call: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => call(i));

@Task({ save: true })
class Base {
  @Param() n = 0;
  async run(): Promise<{ n: number; tags: Set<string> }> {
    count('Base');
    await wait(20);
    if (failing) throw failing;
    return { n: this.n, tags: new Set(['a']) };
  }
}

/** Not saved, and needed by what is. */
@Task()
class Part {
  @Param() n = 0;
  @Requires(Base) base!: { n: number };
  async run(): Promise<number> {
    count('Part');
    await wait(10);
    return this.base.n + 1;
  }
}

@Task({ save: true })
class Total {
  @Param() n = 0;
  @Requires(Part) part!: number;
  async run(): Promise<number> {
    count('Total');
    await wait(10);
    return this.part + 1;
  }
}

@Task()
class Report {
  @Param() n = 0;
  @Requires(Total) total!: number;
  run(): number {
    count('Report');
    return this.total;
  }
}

const counts = () => Object.fromEntries([...ran].sort());

describe.each(['memory:', 'file:'])('ten identical runs at once, in %s', (uri) => {
  const open = () => new Runner({ storage: uri === 'file:' ? `file:${folder.path}` : uri });

  it('compute a saved task once', async () => {
    const runner = open();
    const runs = times(10, () => runner.start(Base));
    const results: any[] = await Promise.all(runs.map((run) => run.result));
    expect(counts()).toEqual({ Base: 1 });
    const summaries = await Promise.all(runs.map((run) => run.summary));
    expect(summaries.map((summary) => [summary.ran, summary.loaded])).toEqual([[1, 0], ...times(9, () => [0, 1])]);
    // Each has a result of its own.
    results[0].tags.add('b');
    expect(results.slice(1).map(({ tags }) => tags.size)).toEqual(times(9, () => 1));
    expect(new Set(results.map(({ tags }) => tags)).size).toBe(10);
    await runner.close();
  });

  it('compute all that a saved task needs once, and what is not saved each for itself', async () => {
    const runner = open();
    expect(await Promise.all(times(10, () => runner.run(Report)))).toEqual(times(10, () => 2));
    expect(counts()).toEqual({ Base: 1, Part: 1, Report: 10, Total: 1 });
    await runner.close();
  });
});

it('computes once what different runs of different runners have in common', async () => {
  const storage = Storage.open('memory:');
  const [a, b] = [new Runner({ storage }), new Runner({ storage })];
  await Promise.all([a.run(Total), b.run(Base), b.run([task(Report), task(Base, { n: 1 })]), a.run(Base)]);
  expect(ran.get('Base')).toBe(2);
  expect(ran.get('Total')).toBe(1);
});

it('computes nothing anew that another run has saved while this one waited for room', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { Base: { concurrency: 1 } } });
  @Task()
  class Uses {
    @Param() who!: number;
    @Requires(() => task(Base)) base!: unknown;
    run(): number {
      return this.who;
    }
  }
  expect(await Promise.all(times(5, (who) => runner.run(Uses, { who })))).toEqual([0, 1, 2, 3, 4]);
  expect(counts()).toEqual({ Base: 1 });
});

it('says that it waits, keeps its own events, and holds no slot meanwhile', async () => {
  const storage = Storage.open('memory:');
  const first = new Runner({ storage }).run(Base);
  const other = new Runner({ storage, concurrency: 1 });
  const second = other.start(Base);
  const [events, between] = await Promise.all([collect(second.events), other.run(Part, { n: 5 })]);
  expect(events.map(({ type }) => type)).toEqual(['run-started', 'task-waiting', 'task-loaded', 'run-finished']);
  expect([between, (await first).n]).toEqual([6, 0]);
});

it('runs what is not saved in the async context of each run', async () => {
  const context = new AsyncLocalStorage<string>();
  @Task()
  class WhoAsks {
    @Requires(() => task(Base)) base!: unknown;
    run(): string | undefined {
      return context.getStore();
    }
  }
  const runner = new Runner({ storage: 'memory:' });
  const names = ['alice', 'bob', 'carol'];
  expect(await Promise.all(names.map((name) => context.run(name, () => runner.run(WhoAsks))))).toEqual(names);
  expect(counts()).toEqual({ Base: 1 });
});

describe('when the one that computes fails', () => {
  it('the others fail with the same error, at once', async () => {
    failing = new Error('no');
    const runner = new Runner({ storage: 'memory:' });
    const errors = await Promise.all(times(10, () => errorOf(runner.run(Base))));
    expect(counts()).toEqual({ Base: 1 });
    for (const error of errors) {
      expect(error).toBeInstanceOf(RunFailedError);
      expect([error.message.split('\n')[0], error.cause]).toEqual(['Base({ n: 0 }) failed: no', failing]);
      expect(error.errors).toHaveLength(1);
    }
  });

  it('what requires it fails with an error that names it', async () => {
    failing = new Error('no');
    const runner = new Runner({ storage: 'memory:' });
    const errors = await Promise.all(times(5, () => errorOf(runner.run(Report))));
    expect(counts()).toEqual({ Base: 1 });
    for (const error of errors) {
      expect(error.message).toMatch(/^Base\(\{ n: 0 \}\) failed: no\n {4}required by Part/);
      expect([error.errors.length, error.errors[0].task, error.cause]).toEqual([1, 'Base', failing]);
    }
  });

  it('it has been tried as often as the task says, and all wait for that', async () => {
    let attempts = 0;
    @Task({ save: true, retries: { attempts: 3, delay: 5 } })
    class Flaky {
      async run(): Promise<number> {
        await wait(5);
        if (++attempts < 3) throw new Error('not yet');
        return attempts;
      }
    }
    const runner = new Runner({ storage: 'memory:' });
    expect(await Promise.all(times(5, () => runner.run(Flaky)))).toEqual([3, 3, 3, 3, 3]);
    expect(attempts).toBe(3);
  });

  it('a later run tries again', async () => {
    failing = new Error('no');
    const runner = new Runner({ storage: 'memory:' });
    await errorOf(runner.run(Base));
    failing = undefined;
    expect((await runner.run(Base)).n).toBe(0);
  });
});

describe('when the one that computes is cancelled or stopped', () => {
  @Task({ save: true })
  class Patient {
    async run({ signal }: TaskContext): Promise<number> {
      count('Patient');
      await wait(40, undefined, { signal });
      return ran.get('Patient')!;
    }
  }
  @Task({ save: true })
  class AfterPatient {
    @Requires(Patient) patient!: number;
    run(): number {
      count('AfterPatient');
      return this.patient;
    }
  }

  it.each([Patient, AfterPatient])('one of the others goes on, and the rest wait for that: %p', async (cls) => {
    const runner = new Runner({ storage: 'memory:' });
    const [first, ...others] = times(5, () => runner.start(cls as typeof AfterPatient));
    await wait(10);
    first!.cancel('enough');
    await expect(first!.result).rejects.toThrow(/cancelled: enough/);
    expect(await Promise.all(others.map((run) => run.result))).toEqual([2, 2, 2, 2]);
    expect(ran.get('Patient')).toBe(2);
  });

  it('others do what it did not begin', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const [first, second] = times(2, () => runner.start(AfterPatient));
    await wait(10);
    first!.stop();
    await expect(first!.result).rejects.toThrow(/stopped/);
    expect([await second!.result, counts()]).toEqual([1, { AfterPatient: 1, Patient: 1 }]);
  });

  it('one that waits can be cancelled without a bother to the others', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const runs = times(3, () => runner.start(Patient));
    await wait(10);
    runs[1]!.cancel('not needed');
    await expect(runs[1]!.result).rejects.toThrow(/cancelled: not needed/);
    expect([await runs[0]!.result, await runs[2]!.result, ran.get('Patient')]).toEqual([1, 1, 1]);
  });
});

describe('what does not wait', () => {
  it('is a run that says so, and the runs of a runner that says so', async () => {
    const runner = new Runner({ storage: 'memory:' });
    await Promise.all(times(3, () => runner.run(Base, {}, { join: false })));
    expect(ran.get('Base')).toBe(3);
    const alone = new Runner({ storage: 'memory:', join: false });
    await Promise.all(times(3, () => alone.run(Base)));
    expect(ran.get('Base')).toBe(6);
    await Promise.all([...times(2, () => alone.run(Total, {}, { join: true }))]);
    expect(ran.get('Total')).toBe(1);
  });

  it('is what is forced', async () => {
    const runner = new Runner({ storage: 'memory:' });
    await Promise.all([
      runner.run(Base),
      runner.run(Base, {}, { force: true }),
      runner.run(Base, {}, { force: [Base] }),
    ]);
    expect(ran.get('Base')).toBe(3);
  });

  it('is a run in another storage, or whose results are saved elsewhere', async () => {
    const [inner, outer] = [Storage.open('memory:'), Storage.open('memory:')];
    const runner = new Runner({ storage: outer });
    await Promise.all([
      runner.run(Base),
      inner.scope(() => runner.run(Base), { nested: false }),
      new Runner({ storage: 'memory:' }).run(Base),
    ]);
    expect(ran.get('Base')).toBe(3);
    await inner.scope(() => runner.run(Base), { nested: false });
    expect(ran.get('Base')).toBe(3);
  });

  it('is a run that began after the result was cleared', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const first = runner.run(Base);
    await wait(5);
    await runner.clear(Base);
    await Promise.all([first, runner.run(Base)]);
    expect(ran.get('Base')).toBe(2);
  });

  it('is a task of the same name that is another class', async () => {
    const make = (value: number) => {
      @Task({ save: true, name: 'Same' })
      class Same {
        async run(): Promise<number> {
          await wait(20);
          return value;
        }
      }
      return Same;
    };
    const runner = new Runner({ storage: 'memory:' });
    expect(await Promise.all([runner.run(make(1)), runner.run(make(2))])).toEqual([1, 2]);
  });
});

it('loads what an identical run had saved before this one came to wait for it', async () => {
  @Task({ save: true })
  class Quick {
    @Param() n!: number;
    run(): number {
      count('Quick');
      return this.n;
    }
  }
  @Task()
  class Many {
    @Requires(() => [task(Base), ...times(200, (n) => task(Quick, { n }))]) all!: unknown[];
    run(): number {
      return this.all.length;
    }
  }
  for (const storage of ['memory:', `file:${folder.path}`]) {
    ran.clear();
    const runner = new Runner({ storage });
    expect(await Promise.all(times(8, () => runner.run(Many)))).toEqual(times(8, () => 201));
    expect(counts()).toEqual({ Base: 1, Quick: 200 });
    await runner.close();
  }
});

it('waits for what others save in a storage that it only reads', async () => {
  const storage = Storage.open('memory:');
  const runner = new Runner({ storage: 'memory:' });
  const reading = () => storage.scope(() => runner.run(Base), { save: false });
  await Promise.all([new Runner({ storage }).run(Base), reading(), reading()]);
  expect(ran.get('Base')).toBe(1);
});

it('computes for itself what another run could not save', async () => {
  let state = 0;
  @Task({ save: true })
  class Changing {
    fingerprint(): string {
      return String(Math.floor(state / 100));
    }
    async run(): Promise<number> {
      count('Changing');
      await wait(20);
      state += 100;
      return state;
    }
  }
  const runner = new Runner({ storage: 'memory:', onWarning: () => {} });
  const start = performance.now();
  await Promise.all(times(5, () => runner.run(Changing)));
  expect(ran.get('Changing')).toBe(5);
  // Side by side, not one after the other.
  expect(performance.now() - start).toBeLessThan(5 * 20);
});

it('works beside leases', async () => {
  @Task({ save: true, once: 'everywhere' })
  class Once {
    @Requires(Base) base!: { n: number };
    async run(): Promise<number> {
      count('Once');
      await wait(20);
      return this.base.n;
    }
  }
  const runner = new Runner({ storage: `file:${folder.path}` });
  expect(await Promise.all(times(10, () => runner.run(Once)))).toEqual(times(10, () => 0));
  expect(counts()).toEqual({ Base: 1, Once: 1 });
  await runner.close();
});

describe('dynamic results', () => {
  @Task({ save: true })
  class Leaf {
    @Param() n!: number;
    async run(): Promise<number> {
      count('Leaf');
      await wait(5);
      return this.n;
    }
  }
  @Task({ save: true })
  class Tree {
    @Param() n!: number;
    async run(): Promise<any> {
      count('Tree');
      await wait(5);
      return this.n === 0 ? task(Leaf, { n: 0 }) : [task(Tree, { n: this.n - 1 }), task(Leaf, { n: this.n })];
    }
  }

  it('are resolved by each run, of tasks that run once', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const results = await Promise.all(times(6, () => runner.run(Tree, { n: 3 })));
    expect(results).toEqual(times(6, () => [[[0, 1], 2], 3]));
    expect(counts()).toEqual({ Leaf: 4, Tree: 4 });
  });
});

describe('runs that tasks start', () => {
  const runner = new Runner({ storage: 'memory:' });
  const fresh = new Map<string, TaskRef<any>>();

  @Task({ save: true })
  class Asks {
    @Param() what!: string;
    @Param() id!: number;
    async run(): Promise<any> {
      count('Asks');
      await wait(5);
      return runner.run(fresh.get(this.what)!);
    }
  }

  it('wait for what others compute', async () => {
    fresh.set('Total', task(Total, { n: 77 }));
    expect(await Promise.all(times(30, (id) => runner.run(Asks, { what: 'Total', id })))).toEqual(times(30, () => 79));
    expect([ran.get('Total'), ran.get('Base')]).toEqual([1, 1]);
  });

  it('are refused when they wait for the task that started them', async () => {
    fresh.set('itself', task(Asks, { what: 'itself', id: 1 }));
    const error: any = await errorOf(runner.run(Asks, { what: 'itself', id: 1 }));
    expect(error.message).toMatch(/would wait for each other in a circle:\n\s+(Asks\/\w+)\n\s+waits for \1/);
  });

  it('are refused when that is only part of what they need', async () => {
    @Task()
    class Needs {
      @Requires(() => [task(Asks, { what: 'part', id: 2 }), task(Base, { n: 9 })]) all!: any;
      run(): number {
        return 1;
      }
    }
    fresh.set('part', task(Needs));
    const error: any = await errorOf(runner.run(Asks, { what: 'part', id: 2 }));
    expect(error.message).toMatch(/in a circle/);
  });

  it('are refused when tasks of two runs wait for each other', async () => {
    fresh.set('a', task(Asks, { what: 'b', id: 3 }));
    fresh.set('b', task(Asks, { what: 'a', id: 3 }));
    const outcomes = (await Promise.all([
      errorOf(runner.run(Asks, { what: 'a', id: 3 })),
      errorOf(runner.run(Asks, { what: 'b', id: 3 })),
    ])) as Error[];
    for (const { message } of outcomes) expect(message).toMatch(/in a circle:\n\s+(Asks\/\w+)\n.*\n\s+waits for \1/);
  });

  it('do not wait for a task that waits for a slot to be tried again', async () => {
    const narrow = new Runner({ storage: 'memory:', queues: { one: { concurrency: 1 } } });
    let isFirst = true;
    @Task({ save: true, queue: 'one', retries: { attempts: 2, delay: 30 } })
    class Retried {
      async run(): Promise<number> {
        count('Retried');
        await wait(5);
        if (isFirst) {
          isFirst = false;
          throw new Error('not yet');
        }
        return 1;
      }
    }
    @Task({ queue: 'one', save: true })
    class Nested {
      async run(): Promise<number> {
        await wait(5);
        return new Runner({ storage: narrow.storage }).run(Retried);
      }
    }
    const retried = narrow.run(Retried);
    await wait(2);
    expect(await Promise.all([retried, narrow.run(Nested)])).toEqual([1, 1]);
  });
});

it('forgets what is over', async () => {
  const runner = new Runner({ storage: 'memory:' });
  for (let n = 0; n < 50; n++) await Promise.all([runner.run(Base, { n: n % 3 }), runner.run(Base, { n: n % 3 })]);
  expect(ran.get('Base')).toBe(3);
});
