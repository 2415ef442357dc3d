import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Param, Requires, Runner, Storage, Task, type TaskContext, TaskTimeoutError, task } from 'tidemark';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';

let ran: string[] = [];
let kept = new Map<string, unknown>();
let broken = false;
beforeEach(() => {
  ran = [];
  kept = new Map();
  broken = false;
});
const quiet = { onWarning: () => {} };

@Task()
class Above {
  run(): number {
    ran.push('Above');
    return 1;
  }
}

@Task()
class Own {
  @Param() n = 1;
  @Requires(Above) above!: number;
  run(): { sum: number } {
    ran.push('Own');
    return { sum: this.n + this.above };
  }
  restore(context: TaskContext): { sum: number } | undefined {
    if (broken) throw new Error('no way to it');
    return kept.get(`${context.key} ${this.n}`) as { sum: number } | undefined;
  }
  async checkpoint(result: { sum: number }, context: TaskContext): Promise<void> {
    if (broken) throw new Error('nowhere to put it');
    kept.set(`${context.key} ${this.n}`, result);
  }
}

@Task()
class Below {
  @Requires(Own) own!: { sum: number };
  @Requires(() => task(Own, { n: 5 })) other!: { sum: number };
  run(): number {
    ran.push('Below');
    return this.own.sum + this.other.sum;
  }
}

it('hands fresh results to a task, which restores them, and runs nothing above', async () => {
  const runner = new Runner({ storage: 'memory:' });
  expect(await runner.run(Below)).toBe(8);
  expect([ran.sort(), kept.size]).toEqual([['Above', 'Below', 'Own', 'Own'], 2]);
  ran = [];
  const { result, summary } = await outcomeOf(runner.start(Below));
  expect([result, ran, summary.loaded]).toEqual([8, ['Below'], 2]);
  expect(await runner.run(Below, {}, { force: true })).toBe(8);
  expect(ran.sort()).toEqual(['Above', 'Below', 'Below', 'Own', 'Own']);
});

it('reports what they throw and goes on', async () => {
  broken = true;
  const warnings: string[] = [];
  const runner = new Runner({ storage: 'memory:', onWarning: (text) => void warnings.push(text) });
  const { result, summary, events } = await outcomeOf(runner.start(Own));
  expect([result, ran]).toEqual([{ sum: 2 }, ['Above', 'Own']]);
  expect(summary.hookErrors.map(({ message }) => message)).toEqual(['no way to it', 'nowhere to put it']);
  expect(events.filter(({ type }) => type === 'hook-failed')).toMatchObject([
    { hook: 'restore' },
    { hook: 'checkpoint' },
  ]);
  expect(warnings[0]).toBe('restore() of Own({ n: 1 }) failed: no way to it');
});

it('does not save what was restored, nor hand it back', async () => {
  const storage = Storage.open('memory:');
  @Task({ save: true })
  class Saved {
    run(): number {
      ran.push('Saved');
      return 1;
    }
    restore(): number | undefined {
      return kept.get('saved') as number | undefined;
    }
    checkpoint(result: number): void {
      kept.set('saved', result + 1);
    }
  }
  kept.set('saved', 7);
  const runner = new Runner({ storage });
  expect(await runner.run(Saved)).toBe(7);
  expect([await collect(storage.list()), kept.get('saved')]).toEqual([[], 7]);
  kept.clear();
  expect([await runner.run(Saved), (await collect(storage.list())).length, kept.get('saved')]).toEqual([1, 1, 2]);
});

it('restores a whole run, or hands it its result', async () => {
  const runner = new Runner({ storage: 'memory:', ...quiet });
  const given: unknown[] = [];
  const hooks = { restore: () => undefined, checkpoint: (result: number) => void given.push(result) };
  expect(await runner.run(Below, {}, hooks)).toBe(8);
  ran = [];
  expect(await runner.run(Below, {}, { ...hooks, restore: async () => 99 })).toBe(99);
  expect([given, ran]).toEqual([[8], []]);
  const fail = (): never => {
    throw new Error('broken');
  };
  const { result, summary } = await outcomeOf(runner.start(Below, {}, { restore: fail, checkpoint: fail }));
  expect([result, summary.hookErrors.length]).toEqual([8, 2]);
});

describe('a timeout', () => {
  @Task({ timeout: 30, retries: 1 })
  class Slow {
    @Param() milliseconds!: number;
    async run(context: TaskContext): Promise<string> {
      ran.push(`Slow ${context.attempt}`);
      await sleep(this.milliseconds, undefined, { signal: context.attempt === 1 ? context.signal : undefined }).catch(
        () => ran.push(`aborted: ${context.signal.reason.message}`),
      );
      return 'done';
    }
  }

  it('fails an attempt that takes longer, and aborts its signal', async () => {
    const { error } = await outcomeOf(new Runner({ storage: 'memory:' }).start(Slow, { milliseconds: 300 }));
    expect(error.message).toMatch(/Slow\(.*\) failed \(2 attempts\): it took longer than its timeout of 30 ms/);
    expect(error.errors[0].cause).toBeInstanceOf(TaskTimeoutError);
    expect(ran).toEqual(['Slow 1', 'aborted: it took longer than its timeout of 30 ms', 'Slow 2']);
  });

  it('lets others have the slot of what does not heed it', async () => {
    @Task({ timeout: 20 })
    class Deaf {
      run(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const run = new Runner({ storage: 'memory:', concurrency: 1, onFailure: 'continue' }).start([Deaf, Above]);
    const { summary } = await outcomeOf(run);
    expect([summary.failed, summary.ran]).toEqual([1, 1]);
  });

  it('does nothing to an attempt that is fast enough', async () => {
    expect(await new Runner({ storage: 'memory:' }).run(Slow, { milliseconds: 1 })).toBe('done');
  });

  it('is a number of milliseconds', () => {
    @Task({ timeout: 0 })
    class Never {
      run(): void {}
    }
    return expect(new Runner({ storage: 'memory:' }).run(Never)).rejects.toThrow(
      /timeout is 0; it must be a number of milliseconds/,
    );
  });
});

it('tells of progress with a note, and of what a task logs', async () => {
  @Task()
  class Talks {
    run(context: TaskContext): void {
      context.progress(0.5, 'half way');
      context.progress(2, 3, 'two of three');
      context.log('almost there');
    }
  }
  const { events } = await outcomeOf(new Runner({ storage: 'memory:' }).start(Talks));
  expect(events.filter(({ type }) => /progressed|logged/.test(type)).map(({ node, ...event }: any) => event)).toEqual([
    { type: 'task-progressed', done: 0.5, note: 'half way' },
    { type: 'task-progressed', done: 2, total: 3, note: 'two of three' },
    { type: 'task-logged', message: 'almost there' },
  ]);
});
