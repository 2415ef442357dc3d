import { temporaryFolder } from '../support/temporary-folder';
import { tidemark, trainFile, write } from './support/cli';

const folder = temporaryFolder();
const run = (...args: string[]) => tidemark(['run', ...args], { cwd: folder.path });

beforeEach(() => write(folder.path, { 'train.ts': trainFile }));

it.each([
  [['trian.ts'], 'file not found: trian.ts; did you mean train.ts?'],
  [['.'], '. is a folder, not a file that declares tasks'],
  [['train.ts', 'Trian'], 'train.ts has no task Trian; did you mean Train?'],
  [['train.ts', 'Score', '--x', '1'], 'train.ts has no task Score; it has Load, Main, Train'],
  [['train.ts', 'Train'], 'Train needs the param path'],
  [['train.ts', '--workers', '0'], "option '--workers <n>' argument '0' is invalid. It must be a whole number >= 1."],
  [['train.ts', '--executor', 'moon'], 'Allowed choices are inline, threads, processes'],
  [['train.ts', '--storage', 'moon:1'], '--storage: '],
  [['train.ts', '--graph', 'graph.png'], 'graph.png has no known extension'],
  [['train.ts', '--trace', 'not/there.json'], 'cannot write not/there.json: the folder '],
  [['train.ts', '--graph', 'not/there.svg'], 'cannot write not/there.svg: the folder '],
  [['train.ts', '--force', 'Trian'], 'did you mean Train?'],
  [['--path', 'a.csv', 'train.ts'], 'expected a file, then a task, then params'],
  [[], 'missing FILE; usage: tidemark run FILE'],
])('rejects %j before anything runs', async (args, message) => {
  const { code, out, err } = await run(...args);
  expect([code, out, err]).toEqual([2, '', expect.stringContaining(message)]);
  expect(err).not.toMatch(/^\s+at .*:\d+/m);
});

it('prints the result although a report cannot be written', async () => {
  const { code, out, err } = await run('train.ts', '--trace', '/dev/full');
  expect([code, out]).toEqual([1, 'trained for 10\n']);
  expect(err).toContain('cannot write the report: ENOSPC');
});

it.each([
  ['--shorts', '70000', 'must be a list of items that fit into a Uint16Array'],
  ['--shorts', '[1.5]', 'must be a list of items that fit into a Uint16Array'],
  ['--floats', 'a,b', 'must be a list of items that fit into a Float32Array'],
  ['--at', '2026-02-30', "Main: the param at must be a date such as 2026-01-31, but is '2026-02-30'"],
])('rejects %s %s, which would be misread', async (option, value, message) => {
  write(folder.path, {
    'typed.ts': `
      import { Param, Task } from 'tidemark';
      @Task() export class Main {
        @Param({ optional: true }) shorts!: Uint16Array;
        @Param({ optional: true }) floats!: Float32Array;
        @Param({ optional: true }) at!: Date;
        run(): string { return [...this.shorts, ...this.floats].join(); }
      }`,
  });
  const { code, out, err } = await run('typed.ts', option, value);
  expect([code, out, err]).toEqual([2, '', expect.stringContaining(message)]);
  expect((await run('typed.ts', '--shorts', '1,65535', '--floats', '0.5')).out).toBe('1,65535,0.5\n');
});

it('reports a compile error without a stack', async () => {
  write(folder.path, { 'broken.cjs': 'exports.a = ;' });
  const { code, err } = await run('broken.cjs');
  expect([code, err]).toEqual([2, expect.stringContaining('broken.cjs: Unexpected token')]);
  expect(err).toContain('broken.cjs:1)');
  expect(err).not.toMatch(/^\s+at /m);
});

it('reports a failure with exit code 1, and its stack on request', async () => {
  write(folder.path, {
    'fails.ts': `
      import { Task } from 'tidemark';
      @Task() export class Main { run(): never { throw new Error('no luck'); } }`,
  });
  const { code, out, err } = await run('fails.ts');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('Main failed: no luck');
  expect(err).not.toMatch(/^\s+at /m);
  expect((await run('fails.ts', '--verbose')).err).toMatch(/^Error: no luck\n\s+at (?:Main\.)?run \(.*fails\.ts/m);
});

it('reports an unreachable storage in one line', async () => {
  const { code, err } = await run('train.ts', '--storage', 'redis://127.0.0.1:1');
  expect(code).toBe(1);
  expect(err).toContain('127.0.0.1:1');
  expect(err).not.toMatch(/^\s+at /m);
});

it('rejects an unknown command and suggests a similar one', async () => {
  const { code, err } = await tidemark(['rnu', 'train.ts'], { cwd: folder.path });
  expect([code, err]).toEqual([2, expect.stringContaining('Did you mean run?')]);
});

describe('with --json, a failure is also JSON on stdout', () => {
  const failureOf = async (...args: string[]) => {
    const { code, out, err } = await tidemark([...args, '--json'], { cwd: folder.path });
    expect(err).not.toBe('');
    expect(out).toMatch(/^\{.*\}\n$/);
    return { code, ...JSON.parse(out) };
  };

  it('of a task, with its causes', async () => {
    write(folder.path, {
      'fails.ts': `
        import { Param, Task } from 'tidemark';
        @Task() export class Main {
          @Param({ secret: true }) token = 'geheim';
          run(): never { throw new Error('no luck', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }); }
        }`,
    });
    const failure = await failureOf('run', 'fails.ts', '--quiet');
    const cause = { name: 'Error', message: 'refused', code: 'ECONNREFUSED', stack: expect.any(String) };
    expect(failure).toMatchObject({
      code: 1,
      error: { name: 'RunFailedError', errors: [{ task: 'Main', cause: { message: 'no luck', cause } }] },
    });
    expect(JSON.stringify(failure)).not.toContain('geheim');
  });

  it.each([
    ['a param', 2, ['run', 'train.ts', 'Train'], { name: 'ParamError', task: 'Train', param: 'path' }],
    ['an option', 2, ['plan', 'train.ts', '--nope'], { name: 'UsageError' }],
    ['a storage', 1, ['ls', '--storage', 'redis://127.0.0.1:1'], { name: 'StorageError' }],
    ['a key', 2, ['show', 'Nope/1'], {}],
  ])('of %s', async (_, code, args, error) => {
    expect(await failureOf(...args)).toMatchObject({ code, error });
  });
});
