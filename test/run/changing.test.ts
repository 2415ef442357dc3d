import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileFingerprint, Param, Requires, Runner, type RunnerOptions, Task, type TaskClass, task } from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';
import { outside, ran, reset, Top, whatRan } from './fixtures/diamond';

const folder = temporaryFolder();
let store: ObservedStore;
let warnings: string[];
let runner: Runner;
const open = (options: RunnerOptions = {}) =>
  new Runner({ storage: store, onWarning: (message) => void warnings.push(message), ...options });

beforeEach(() => {
  reset();
  warnings = [];
  store = new ObservedStore();
  runner = open();
});

it('uses a result of what changed while it ran, but saves neither that nor what came from it', async () => {
  outside.whileRunning = () => void (outside.text = 'changed');
  const { result, summary, events } = await outcomeOf(runner.start(Top));
  expect(result).toEqual({ left: 'one!', right: [3] });
  expect([summary.saved, store.writes]).toEqual([0, []]);
  expect(summary.warnings[0]).toMatch(/what Source.* reads changed while it ran/);
  expect(warnings).toEqual(summary.warnings);
  expect(events.filter(({ type }) => type === 'warning')).toHaveLength(warnings.length);
  outside.whileRunning = () => {};
  whatRan();
  outside.text = 'one';
  expect(await runner.run(Top)).toEqual({ left: 'one!', right: [3] });
  expect(whatRan()).toEqual(['Left', 'Middle', 'Right', 'Source', 'Top']);
});

@Task()
class Unsaved {
  fingerprint(): string {
    return outside.text;
  }
  run(): string {
    const { text } = outside;
    outside.whileRunning();
    return text;
  }
}

@Task({ save: true })
class FromUnsaved {
  @Requires(Unsaved) unsaved!: string;
  run(): string {
    ran.push('FromUnsaved');
    return this.unsaved;
  }
}

it('saves nothing that came from an unsaved task whose input changed', async () => {
  outside.whileRunning = () => void (outside.text = 'changed');
  expect((await outcomeOf(runner.start(FromUnsaved))).summary.saved).toBe(0);
  outside.whileRunning = () => {};
  outside.text = 'one';
  await runner.run(FromUnsaved);
  expect(whatRan()).toEqual(['FromUnsaved', 'FromUnsaved']);
});

@Task({ save: true })
class Lines {
  @Param() path!: string;
  fingerprint(): Promise<string> {
    return fileFingerprint(this.path);
  }
  run(): string {
    ran.push('Lines');
    return require('node:fs').readFileSync(this.path, 'utf8');
  }
}

it('computes again when a file changed', async () => {
  const path = join(folder.path, 'lines.txt');
  writeFileSync(path, 'one');
  for (let i = 0; i < 2; i++) expect(await runner.run(Lines, { path })).toBe('one');
  writeFileSync(path, 'two');
  for (let i = 0; i < 2; i++) expect(await runner.run(Lines, { path })).toBe('two');
  expect(whatRan()).toEqual(['Lines', 'Lines']);
});

let fails = false;

/** The same task with and without a fingerprint that cannot be had. */
const table = (hasFingerprint: boolean): TaskClass => {
  @Task({ save: true, name: 'Table' })
  class Table {
    run(): number {
      return 1;
    }
  }
  if (hasFingerprint) {
    (Table.prototype as any).fingerprint = () => {
      if (fails) throw new Error('no connection');
      return 'rows: 5';
    };
  }
  return Table;
};

it('takes no result whose key it cannot know', async () => {
  await runner.run(table(false));
  fails = true;
  const { error, summary } = await outcomeOf(runner.start(table(true)));
  expect([error.errors[0].cause.message, error.errors[0].key, summary.loaded]).toEqual(['no connection', undefined, 0]);
  await expect(runner.plan(table(true))).rejects.toThrow('fingerprint() of Table failed: no connection');
});

it('goes on with what needs no fingerprint that cannot be had, and saves it', async () => {
  fails = true;
  const { error, summary } = await outcomeOf(runner.start([table(true), Top], { onFailure: 'continue' }));
  expect(error.errors).toHaveLength(1);
  expect(summary).toMatchObject({ ran: 5, saved: 4, failed: 1 });
  expect((await outcomeOf(runner.start(Top))).summary).toMatchObject({ ran: 0, loaded: 1 });
});

@Task({ save: true, name: 'Coded' })
class Coded1 {
  @Param() n!: number;
  run(): number {
    return this.n;
  }
}

@Task({ save: true, name: 'Coded' })
class Coded2 {
  @Param() n!: number;
  run(): number {
    return this.n + 100;
  }
}

it('warns once a task that its code changed, and uses what is saved', async () => {
  const refs = (cls: TaskClass) => [1, 2, 3].map((n) => task(cls as typeof Coded1, { n }));
  await runner.run(refs(Coded1));
  expect(await runner.run(refs(Coded2))).toEqual([1, 2, 3]);
  expect(warnings).toEqual([
    expect.stringMatching(/^the code of Coded changed since .* raise its version or clear it$/),
  ]);
});

it('computes again, or says nothing, about code that changed, when it is told to', async () => {
  await runner.run(Coded1, { n: 1 });
  expect(await open({ sourceChange: 'ignore' }).run(Coded2, { n: 1 })).toBe(1);
  expect(await open({ sourceChange: 'rerun' }).run(Coded2, { n: 1 })).toBe(101);
  expect(await open().run(Coded2, { n: 1 })).toBe(101);
  expect(warnings).toEqual([]);
});
