import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { write } from '../cli/support/cli';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();

/** Runs a program that declares the suite of a store by `node:test`; gives what that reports. */
function reportOf(store: string, options: string): Promise<string> {
  write(folder.path, {
    'store.test.js': `
      const { describeStore } = require('tidemark/testing');
      ${store}
      describeStore('mine', async () => {
        const entries = new Map();
        return { store: new Mine(entries), reopen: async () => new Mine(entries), close: async () => {} };
      }, ${options});`,
  });
  const register = join(__dirname, '../support/register.js');
  return new Promise((done) => {
    execFile(process.execPath, ['-r', register, 'store.test.js'], { cwd: folder.path }, (_, out, err) =>
      done(out + err),
    );
  });
}

const working = `
  class Mine {
    constructor(entries) { this.entries = entries; }
    get(key) { return this.entries.get(key); }
    set(key, value) { this.entries.set(key, value); }
    delete(key) { return this.entries.delete(key); }
    clear() { this.entries.clear(); }
    iterator() { return this.entries.entries(); }
  }`;

it('tests a store by node:test where no test runner has globals, and leaves out what it is told to', async () => {
  const report = await reportOf(working, "{ skip: { 'keeps 64 MiB': 'it is too small' } }");
  expect(report).toMatch(/^# fail 0$/m);
  expect(report).toMatch(/^# skipped 1$/m);
  expect(report).toContain('keeps 64 MiB: not here, since it is too small');
});

it('names what a store does wrong', async () => {
  const report = await reportOf(
    working.replace('return this.entries.delete(key);', 'this.entries.delete(key); return true;'),
    '{}',
  );
  expect(report).toMatch(/not ok \d+ - has nothing under a key that was never set/);
  expect(report).toMatch(/not ok \d+ - deletes one entry and no other/);
  expect(report).toMatch(/^# fail 2$/m);
});

it('takes the functions of a test runner', () => {
  const { describeExecutor } = require('tidemark/testing') as typeof import('tidemark/testing');
  const declared: string[] = [];
  const add = (name: string) => void declared.push(name);
  const test = {
    describe: (name: string, define: () => void) => {
      add(name);
      define();
    },
    it: Object.assign(add, { skip: add }),
    after: () => add('after'),
  };
  describeExecutor('mine', () => ({ name: 'mine', execute: () => undefined }), { test });
  expect(declared.slice(0, 3)).toEqual([
    'mine, as any executor,',
    'after',
    'runs a task with its params, defaults filled in',
  ]);
});
