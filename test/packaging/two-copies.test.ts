import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { write } from '../cli/support/cli';

const root = resolve(__dirname, '../..');
const { version } = require(join(root, 'package.json')) as { readonly version: string };
const swcOptions = require('../support/swc-options.json') as object;
let path: string;
const folder = {
  get path() {
    return path;
  },
};
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-copies-'));
});
afterAll(() => rmSync(path, { recursive: true, maxRetries: 3 }));

/** Changes the one file of a copy of the package that has a text. */
function replace(copy: string, text: string, by: string): void {
  const parts = join(copy, 'dist/parts');
  const files = readdirSync(parts).map((name) => join(parts, name));
  const changed = files.filter((file) => readFileSync(file, 'utf8').includes(text));
  expect(changed).toHaveLength(1);
  writeFileSync(changed[0]!, readFileSync(changed[0]!, 'utf8').replace(text, by));
}

/** An app and a library that it uses; each has the package in its own node_modules, and typedi, which it needs. */
function install(): void {
  rmSync(folder.path, { recursive: true, force: true, maxRetries: 3 });
  const [app, lib] = ['app', 'lib'].map((name) => join(folder.path, name, 'node_modules')) as [string, string];
  const own = join(app, 'tidemark');
  cpSync(join(root, 'dist'), join(own, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(own, 'package.json'));
  cpSync(own, join(lib, 'tidemark'), { recursive: true });
  for (const modules of [app, lib]) {
    cpSync(join(root, 'node_modules/typedi'), join(modules, 'typedi'), { recursive: true });
    for (const name of ['reflect-metadata', 'lilconfig', 'fastest-levenshtein', 'cbor-x', '@swc/core'])
      link(join(root, 'node_modules', name), join(modules, name));
  }
  link(join(folder.path, 'lib'), join(app, 'lib'));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}

const lib = `
  import { writeFileSync } from 'node:fs';
  import * as tidemark from 'tidemark';
  import { aesGcm, cbor, encoder, gzip, Param, Requires, Runner, registerType, shuffle, Storage, Task, task, TaskDirectory, threads } from 'tidemark';
  import { Inject, Service } from 'typedi';

  export { tidemark };
  export class Money { constructor(readonly cents: number) {} }
  registerType(Money, { name: 'Money', encode: (m) => m.cents, decode: (c: number) => new Money(c) });
  @Service() export class Clock { now() { return 42; } }

  @Task({ save: true }) export class Load { @Param() n: number = 2; run(): number[] { return [...Array(this.n).keys()]; } }
  @Task({ save: true }) export class Price { run(): Money { return new Money(5); } }
  @Task({ save: true }) export class WithDirectory {
    @Requires(TaskDirectory) directory!: TaskDirectory;
    run(): TaskDirectory { writeFileSync(this.directory.file('x'), '1'); return this.directory; }
  }
  @Task({ save: true }) export class Dynamic { run(): unknown { return [task(Load, { n: 3 }), { deep: task(Load, { n: 1 }).at(0) }]; } }
  @Task() export class UsesService { constructor(readonly clock: Clock) {} run(): number { return this.clock.now(); } }
  @Task() export class UsesInjected { @Inject() clock!: Clock; run(): number { return this.clock.now(); } }
  export class Rows { constructor(readonly n: number) {} }
  @Task({ produces: Rows }) export class MakeRows { run(): Rows { return new Rows(3); } }
  @Task() export class Sum {
    @Requires(Load) xs!: number[];
    @Requires(() => ({ deep: [task(Load, { n: 3 }).at(2), task(Load, { n: 1 })] })) parts!: { deep: [number, number[]] };
    @Requires(WithDirectory) directory!: TaskDirectory;
    run(): unknown { return [this.xs, this.parts, typeof this.directory.path]; }
  }
  @Task() export class Fails { run(): void { throw new Error('no luck'); } }

  export const openMemory = () => Storage.open('memory:');
  export const openChain = () => Storage.chain(openMemory(), openMemory());
  export const secret = () => encoder({ encrypter: aesGcm({ key: 'a long passphrase here' }), compressor: gzip() });
  export const parts = { cbor, gzip: gzip(), shuffle: shuffle() };
  export const pool = () => threads({ modules: [__filename], size: 1 });
  export const run = (target: any, options: object) => new Runner(options).run(target);
`;

/** Evaluates expressions in one process, each with its own storage: their JSON, or `ERROR` and a message. */
async function evaluate(expressions: readonly string[], declarations: string): Promise<readonly string[]> {
  write(join(folder.path, 'lib'), { 'package.json': '{ "name": "lib" }', 'lib.ts': lib });
  write(join(folder.path, 'app'), {
    'package.json': '{}',
    'main.ts': `
      import * as tidemark from 'tidemark';
      import { cbor, encoder, isTaskRef, Param, Requires, Runner, shuffle, Storage, Task, task, TaskDirectory, TaskRef } from 'tidemark';
      import * as lib from 'lib/lib.ts';
      import { existsSync } from 'node:fs';
      let current = 0;
      const st = (name: string | number = current) => ({ storage: 'file:st/' + name });
      ${declarations}
      export const expressions = [${expressions.map((one) => `async () => (${one})`).join(',\n')}];
      export const start = (index: number) => (current = index);
    `,
    'start.js': `
      const { readFileSync } = require('node:fs');
      const swcOptions = ${JSON.stringify(swcOptions)};
      const { transformSync } = require('@swc/core');
      require.extensions['.ts'] = (module, filename) =>
        module._compile(transformSync(readFileSync(filename, 'utf8'), { ...swcOptions, filename, swcrc: false }).code, filename);
      const { expressions, start } = require('./main.ts');
      (async () => {
        const said = [];
        for (const [index, expression] of expressions.entries()) {
          start(index);
          said.push(await expression().then((value) => JSON.stringify(value) ?? 'undefined', ({ message }) => 'ERROR ' + message));
        }
        console.log(JSON.stringify(said));
      })();
    `,
  });
  const output = await new Promise<string>((said) =>
    execFile(process.execPath, ['start.js'], { cwd: join(folder.path, 'app') }, (_, out, err) => said(out + err)),
  );
  return JSON.parse(output);
}

/** The declarations of the app in these tests. */
const mine = `
  @Task() export class Mine {
    @Requires(lib.Load) xs!: number[];
    @Requires(() => [task(lib.Load as any, { n: 1 }), lib.tidemark.task(lib.Load, { n: 4 })]) ys!: any;
    run(): string { return JSON.stringify([this.xs, this.ys]); }
  }
  @Task() class NeedsRows { @Requires() rows!: lib.Rows; run(): number { return this.rows.n; } }
  @Task() class NeedsDirectory {
    @Requires(lib.tidemark.TaskDirectory) directory!: any;
    run(): boolean { return existsSync(this.directory.path); }
  }
  class Fails { run() { throw new Error('no luck'); } }
  Task()(Fails);
  const twice = async (target: any, options: any = st()) =>
    [await new Runner(options).run(target), await new Runner(options).run(target)] as const;
  const thrownBy = async (call: () => unknown): Promise<any> => {
    try { await call(); } catch (error) { return error; }
    throw new Error('it did not throw');
  };
`;

const cases: readonly (readonly [title: string, expression: string, result: unknown])[] = [
  [
    'runs a task of the library',
    'twice(lib.Load)',
    [
      [0, 1],
      [0, 1],
    ],
  ],
  ['requires one, by class and by refs of both copies', 'new Runner(st()).run(Mine)', '[[0,1],[[0],[0,1,2,3]]]'],
  ['saves and loads a class that the library registered', 'twice(lib.Price)', [{ cents: 5 }, { cents: 5 }]],
  ['… as that class', 'twice(lib.Price).then((all) => all.map((one) => one instanceof lib.Money))', [true, true]],
  [
    'keeps a directory',
    "twice(lib.WithDirectory).then((all) => all.map((one: any) => existsSync(one.file('x'))))",
    [true, true],
  ],
  [
    'gives a directory of its own to a task that requires the class of the other',
    'new Runner(st()).run(NeedsDirectory)',
    true,
  ],
  [
    'saves refs in results, and loads them',
    'twice(lib.Dynamic)',
    [
      [[0, 1, 2], { deep: 0 }],
      [[0, 1, 2], { deep: 0 }],
    ],
  ],
  ['makes services by the typedi of the library', 'new Runner(st()).run(lib.UsesService)', 42],
  ['… and injects them', 'new Runner(st()).run(lib.UsesInjected)', 42],
  ['finds what produces a class', 'new Runner(st()).run(NeedsRows)', 3],
  [
    'uses a storage of the other',
    'twice(lib.Dynamic, { storage: lib.openMemory() })',
    [
      [[0, 1, 2], { deep: 0 }],
      [[0, 1, 2], { deep: 0 }],
    ],
  ],
  [
    'uses a chain of the other',
    'twice(lib.Price, { storage: lib.openChain() }).then(([, { cents }]: any) => cents)',
    5,
  ],
  [
    'chains storages of both',
    "new Runner({ storage: Storage.chain(Storage.open('memory:'), lib.openMemory()) }).run(lib.Load)",
    [0, 1],
  ],
  [
    'uses an encoder of the other',
    'twice(lib.Load, { storage: Storage.open(new Map(), { encoder: lib.secret() }) })',
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    'knows parts of encoders of the other',
    '[encoder({ serializer: lib.parts.cbor }).serialization === cbor, encoder({ filters: [lib.parts.shuffle] }).serialization.id]',
    [true, 'shuffle+cbor'],
  ],
  [
    'uses an executor of the other',
    "new Runner({ storage: 'memory:', executor: lib.pool() }).run(lib.Dynamic)",
    [[0, 1, 2], { deep: 0 }],
  ],
  [
    'sends what it requires to one',
    'new Runner({ storage: st().storage, queues: { Sum: { executor: lib.pool() } } }).run(lib.Sum)',
    [[0, 1], { deep: [2, [0]] }, 'string'],
  ],
  ['is run by a runner of the other', "lib.run(Mine, { storage: 'memory:' })", '[[0,1],[[0],[0,1,2,3]]]'],
  [
    'sees the scope of a storage of the other',
    `(async () => {
      const [shared, own] = [lib.openMemory(), Storage.open('memory:')];
      await shared.scope(() => new Runner({ storage: own }).run(lib.Load));
      return [(await shared.stats()).size, (await own.stats()).size];
    })()`,
    [1, 0],
  ],
  [
    'knows the errors of the other',
    `(async () => {
      const failed = await thrownBy(() => new Runner(st()).run(Fails));
      const missing = await thrownBy(() => new Runner(st()).run(lib.Load, { m: 1 } as any));
      const unreadable = await thrownBy(() => lib.tidemark.Storage.open('moon:'));
      const { RunFailedError, TaskFailedError, ParamError, DeclarationError, StorageError, TidemarkError } = lib.tidemark;
      return [
        failed instanceof RunFailedError, failed.errors[0] instanceof TaskFailedError, failed instanceof TidemarkError,
        failed instanceof DeclarationError, missing instanceof DeclarationError, missing instanceof StorageError,
        unreadable instanceof tidemark.StorageError, unreadable instanceof tidemark.RunFailedError,
      ];
    })()`,
    [true, true, true, false, true, false, true, false],
  ],
  [
    'knows refs and directories of the other, and nothing else',
    `[
      isTaskRef(lib.tidemark.task(lib.Load)), lib.tidemark.task(lib.Load) instanceof TaskRef, new Runner(st()) instanceof lib.tidemark.Runner,
      new lib.tidemark.TaskDirectory('/x') instanceof TaskDirectory, ({}) instanceof TaskRef, (null as any) instanceof TaskRef,
      Storage.open('memory:') instanceof lib.tidemark.Storage, Storage.open('memory:') instanceof lib.tidemark.Runner,
      (class extends tidemark.TidemarkError {}).prototype instanceof lib.tidemark.TidemarkError,
      new lib.tidemark.TidemarkError('x') instanceof (class extends tidemark.TidemarkError {}),
    ]`,
    [true, true, true, true, false, false, true, false, true, false],
  ],
  [
    'gives one of both the lease of an entry of a Map',
    `(async () => {
      const map = new Map();
      const [a, b] = [Storage.open(map), lib.tidemark.Storage.open(map)] as any[];
      const first = await a.stack.leases.acquire('A/1');
      return [first !== undefined, (await b.stack.leases.acquire('A/1')) !== undefined];
    })()`,
    [true, false],
  ],
  [
    'says which copies of typedi there are when a service is in none of the right one',
    `(async () => {
      const Other = class Other { constructor(readonly clock: lib.Clock) {} run() {} };
      Task({ services: [lib.Clock] })(Other);
      const { message } = await thrownBy(() => new Runner(st()).run(Other as any));
      return ['there are 2 copies of typedi, each', 'app/node_modules/typedi', 'lib/node_modules/typedi'].every((text) => message.includes(text));
    })()`,
    true,
  ],
];

describe('copies that work together', () => {
  let said: readonly string[];
  beforeAll(async () => {
    install();
    said = await evaluate(
      cases.map(([, expression]) => expression),
      mine,
    );
  });

  it.each(cases.map(([title, , result], index) => [title, index, result] as const))('%s', (_, index, result) => {
    expect(said[index]).toBe(JSON.stringify(result));
  });

  it('load in another process what a task of the library saved', async () => {
    const saved = ['lib.Dynamic', 'lib.Price', 'lib.WithDirectory'].map(
      (target) => `new Runner(st('kept')).run(${target})`,
    );
    await evaluate(saved, mine);
    const [dynamic, price, directory] = saved;
    const loaded = await evaluate(
      [
        dynamic!,
        `${price}.then((one: any) => one instanceof lib.Money)`,
        `${directory}.then((one: any) => existsSync(one.file('x')))`,
        `new Runner(st('kept')).start([lib.Price, lib.Dynamic]).summary.then(({ ran, loaded }) => [ran, loaded > 0])`,
      ],
      mine,
    );
    expect(loaded).toEqual(['[[0,1,2],{"deep":0}]', 'true', 'true', '[0,true]']);
  });
});

const crossings = [
  ['a task class', 'new Runner(st()).run(lib.Load)', 'the class Load cannot be used as a task'],
  ['a ref', 'new Runner(st()).run(lib.tidemark.task(lib.Load) as any)', 'a task ref cannot be used'],
  [
    'a ref in a param',
    'new Runner(st()).run(Keeps, { value: [lib.tidemark.task(lib.Load)] })',
    'a task ref cannot be used',
  ],
  ['a storage', 'new Runner({ storage: lib.openMemory() as any })', 'the storage cannot be used'],
  ['a chain', "Storage.chain(Storage.open('memory:'), lib.openMemory() as any)", 'the storage cannot be used'],
  [
    'a scope',
    "lib.openMemory().scope(() => new Runner({ storage: 'memory:' }).run(Keeps, { value: 1 }))",
    'the scope of a storage cannot be used',
  ],
  [
    'the class of directories',
    'Requires(lib.tidemark.TaskDirectory as any)(Keeps.prototype, "x")',
    'this TaskDirectory cannot be required',
  ],
] as const;

describe('copies that do not work together', () => {
  let said: readonly string[];
  beforeAll(async () => {
    install();
    const other = join(folder.path, 'lib/node_modules/tidemark');
    replace(other, 'const layout = 1;', 'const layout = 2;');
    replace(other, `return {"version":"${version}"}`, 'return {"version":"7.0.0"}');
    said = await evaluate(
      [...crossings.map(([, expression]) => expression), "lib.run(lib.Dynamic, { storage: 'memory:' })"],
      '@Task() class Keeps { @Param() value!: any; run() { return 1; } }',
    );
  });

  it.each(crossings.map(([what, , start], index) => [what, start, index] as const))(
    'are named, with what to do, when %s crosses them',
    (_, start, index) => {
      const real = realpathSync(folder.path);
      expect(said[index]).toContain(`ERROR ${start}: it was made by another copy of tidemark`);
      expect(said[index]).toContain(`\n    ${version} in ${real}/app/node_modules/tidemark (this one)`);
      expect(said[index]).toContain(`\n    7.0.0 in ${real}/lib/node_modules/tidemark\n`);
      expect(said[index]).toContain('npm ls tidemark');
    },
  );

  it('are left alone while nothing crosses them', () => {
    expect(said.at(-1)).toBe('[[0,1,2],{"deep":0}]');
  });
});
