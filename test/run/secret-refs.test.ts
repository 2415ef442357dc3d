import 'reflect-metadata';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { Param, Runner, type RunnerOptions, Storage, Task, type TaskRef, task } from 'tidemark';
import { RunRecorder, toDot, toHtml, toJson, toMermaid, toSvg, toTrace } from 'tidemark/report';
import { processes } from '../../src/executors/processes';
import { threads } from '../../src/executors/threads';
import { tidemark } from '../cli/support/cli';
import { pools } from '../executors/support/pools';
import { collect } from '../support/collect';
import { temporaryFolder } from '../support/temporary-folder';
import { AfterDerived, ByRef, Fails, Fetch, Loop, Pages, Part, Report } from './fixtures/secret-tasks';

const secret = 'hunter2-SECRET';
const auth = { user: 'u', pass: secret };
const folder = temporaryFolder();
const modules = [resolve(__dirname, 'fixtures/secret-tasks.ts')];

let texts: Map<string, string>;
beforeEach(() => {
  texts = new Map();
});
/** Notes a text in which no secret may be. */
const note = (name: string, text: unknown) => void texts.set(`${name} ${texts.size}`, String(text));
const leaks = () =>
  [...texts].flatMap(([name, text]) => {
    const forms = [secret, Buffer.from(secret).toString('hex'), ...[0, 1, 2].map((at) => base64Of(secret, at))];
    return forms.some((form) => text.includes(form)) ? [`${name}: ${text.slice(0, 300)}`] : [];
  });

function base64Of(text: string, before: number): string {
  const encoded = Buffer.from('x'.repeat(before) + text).toString('base64');
  return encoded.slice(before === 0 ? 0 : 4, Math.floor((before + text.length) / 3) * 4);
}

function noteFiles(path: string): void {
  for (const name of readdirSync(path, { recursive: true })) {
    const file = join(path, String(name));
    note('file', `${name} ${statSync(file).isFile() ? readFileSync(file, 'latin1') : ''}`);
  }
}

/** Runs, and notes all that can be seen of it. Gives the result, or what it threw. */
async function watched(runner: Runner, ref: TaskRef<any>): Promise<any> {
  const run = runner.start(ref);
  const recorder = new RunRecorder();
  const events: unknown[] = [];
  for await (const event of run.events) {
    recorder.record(event);
    events.push(event);
  }
  note('events', inspect(events, { depth: 12 }));
  note('events as JSON', JSON.stringify(events));
  const result = await run.result.catch((error: unknown) => error);
  note('summary', inspect(await run.summary, { depth: 12 }) + JSON.stringify(await run.summary));
  if (result instanceof Error) note('error', inspect(result, { depth: 12 }) + JSON.stringify(result) + result.stack);
  const picture = recorder.picture();
  for (const draw of [toJson, toHtml, toMermaid, toDot]) note(draw.name, await draw(picture));
  note('svg', await toSvg(picture));
  note('trace', toTrace(picture));
  const plan = await runner.plan(ref);
  note('plan', inspect(plan, { depth: 12 }) + JSON.stringify(plan));
  return result;
}

const open = (options: RunnerOptions = {}) =>
  new Runner({ storage: `file:${folder.path}/st`, onWarning: (text) => note('warning', text), ...options });

/** Each with its result. */
const cases: [string, () => TaskRef<any>, unknown][] = [
  ['Fetch', () => task(Fetch, { token: secret }), 14],
  ['Pages', () => task(Pages, { token: secret }), { list: [14], map: new Map([['two', 28]]), byRef: 42 }],
  ['ByRef', () => task(ByRef, { source: task(Fetch, { token: secret, page: 2 }) }), 28],
  ['Loop', () => task(Loop, { auth }), 14],
  ['Part', () => task(Part, { auth }), 98],
  ['Report', () => task(Report, { token: secret }), '14 and 14'],
];

describe.each(cases)('%s', (_, make, expected) => {
  it('leaves its secret nowhere, and is loaded with it again', async () => {
    expect(await watched(open(), make())).toEqual(expected);
    noteFiles(folder.path);
    for (const record of await collect(Storage.open(`file:${folder.path}/st`).list())) {
      note('record', inspect(record, { depth: 12 }) + JSON.stringify(record));
      note('value', inspect(await Storage.open(`file:${folder.path}/st`).get(record.key), { depth: 12 }));
    }
    expect(leaks()).toEqual([]);
    const run = open().start(make());
    expect(await run.result).toEqual(expected);
    const { ran, loaded, saved } = await run.summary;
    expect([ran, saved]).toEqual([0, 0]);
    expect(loaded).toBeGreaterThan(0);
    const plan = await open().plan(make());
    expect(plan.toRun).toBe(0);
    expect([...texts].filter(([name]) => name.startsWith('warning'))).toEqual([]);
  });
});

it('goes on in the middle of a loop', async () => {
  await open().run(Loop, { auth });
  const runner = open();
  await runner.clear(Loop, { auth, step: 2 });
  const run = open().start(Loop, { auth });
  expect([await run.result, (await run.summary).ran]).toEqual([14, 1]);
});

it('notices a new version of a task that was named with a secret', async () => {
  const versions = (version: number) => {
    @Task({ save: true, version, name: 'Named' })
    class Named {
      @Param({ secret: true }) token!: string;
      run(): string {
        return `${this.token.length} in version ${version}`;
      }
    }
    @Task({ save: true, name: 'Names' })
    class Names {
      @Param({ secret: true }) token!: string;
      run(): TaskRef<string> {
        return task(Named, { token: this.token });
      }
    }
    @Task({ save: true, name: 'Uses' })
    class Uses {
      @Param({ secret: true }) token!: string;
      named!: string;
      run(): string {
        return this.named;
      }
    }
    require('tidemark').Requires(Names)(Uses.prototype, 'named');
    return Uses;
  };
  expect(await open().run(versions(1), { token: secret })).toBe('14 in version 1');
  expect((await (await started(versions(1))).summary).loaded).toBe(1);
  expect(await (await started(versions(2))).result).toBe('14 in version 2');

  async function started(Uses: ReturnType<typeof versions>) {
    const run = open().start(Uses, { token: secret });
    await run.result;
    return run;
  }
});

it('takes the value of today where a secret is no part of the key', async () => {
  const seen: string[] = [];
  @Task({ save: true })
  class Uses {
    @Param({ secret: true, key: false }) token!: string;
    run(): number {
      return seen.push(this.token);
    }
  }
  @Task({ save: true })
  class Hands {
    @Param({ secret: true, key: false }) token!: string;
    run(): TaskRef<number> {
      return task(Uses, { token: this.token });
    }
  }
  await open().run(Hands, { token: 'yesterday' });
  await open().clear(Uses);
  await open().run(Hands, { token: 'today' });
  expect(seen).toEqual(['yesterday', 'today']);
});

it('does not save a result with a secret that its task was not given, and says why', async () => {
  const runner = open();
  expect(await watched(runner, task(AfterDerived, { token: secret }))).toBe(43);
  noteFiles(folder.path);
  expect(leaks()).toEqual([]);
  const warnings = [...texts].filter(([name]) => name.startsWith('warning')).map(([, text]) => text);
  expect(warnings).toEqual([
    expect.stringMatching(
      /result of Derives is not saved: it contains a ref to Fetch whose secret param token is not one of the secrets that Derives was given/,
    ),
    expect.stringMatching(/result of AfterDerived is not saved/),
  ]);
  expect((await collect(Storage.open(`file:${folder.path}/st`).list())).map(({ task: of }) => of)).toEqual(['Fetch']);
});

it('keeps secrets of refs in params out of errors', async () => {
  const error = await watched(open(), task(Fails, { token: secret, source: task(Fetch, { token: secret }) }));
  expect(error.message).toContain('nope');
  expect(leaks()).toEqual([]);
  note('ref', JSON.stringify(task(ByRef, { source: task(Fetch, { token: secret }) })));
  note('ref', inspect(task(Fetch, { token: secret }), { depth: 9 }));
  expect(leaks()).toEqual([]);
});

it('refuses a key that holds a secret', async () => {
  @Task({ save: true, key: ({ token }: any) => `of-${token}` })
  class Keyed {
    @Param({ secret: true }) token!: string;
    run(): number {
      return 1;
    }
  }
  const error = await watchedError(open().run(Keyed, { token: secret }));
  expect(error.message).toMatch(/contains the value of a secret param/);
  expect(leaks()).toEqual([]);
});

async function watchedError(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => new Error('no error'),
    (thrown: Error) => thrown,
  );
  note('error', inspect(error, { depth: 9 }));
  return error;
}

describe.each(Object.entries({ threads, processes }))('on %s', (kind) => {
  const pool = pools[kind as keyof typeof pools]!;

  it('nothing is different', async () => {
    const executor = pool({ modules, size: 1 } as never);
    const runner = open({ executor });
    try {
      for (const [, make, expected] of cases) expect(await watched(runner, make())).toEqual(expected);
      expect(await watched(runner, task(AfterDerived, { token: secret }))).toBe(43);
    } finally {
      await runner.close();
      await executor.close?.();
    }
    noteFiles(folder.path);
    expect(leaks()).toEqual([]);
    const warnings = [...texts].filter(([name]) => name.startsWith('warning')).map(([, text]) => text);
    expect(warnings).toEqual([
      expect.stringMatching(/result of Derives is not saved/),
      expect.stringMatching(/result of AfterDerived is not saved/),
    ]);
    const run = open().start(Report, { token: secret });
    expect([await run.result, (await run.summary).ran]).toEqual(['14 and 14', 0]);
  });
});

it('keeps secrets out of all that the command line says', async () => {
  const cli = async (...args: string[]) => {
    const said = await tidemark(args, { cwd: folder.path });
    note(args[0]!, said.out + said.err);
    return said;
  };
  const file = modules[0]!;
  const run = await cli('run', file, 'Report', '--token', secret, '--storage', 'file:st');
  expect([run.code, run.out]).toEqual([0, expect.stringContaining('14 and 14')]);
  await cli('why', file, 'Report', '--token', secret, '--storage', 'file:st');
  await cli('ls', '--json', '--storage', 'file:st');
  const [key] = (await cli('ls', 'Pages', '--storage', 'file:st')).out.split('\t');
  const shown = await cli('show', key!, '--storage', 'file:st', '--import', file);
  expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('(secret)')]);
  await cli('show', key!, '--json', '--storage', 'file:st', '--import', file);
  expect(leaks()).toEqual([]);
});
