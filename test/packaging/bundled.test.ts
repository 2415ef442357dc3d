import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { write } from '../cli/support/cli';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';

const root = resolve(__dirname, '../..');
const folder = temporaryFolder();

const tasks = `
  import { Param, Requires, Task, task } from 'tidemark';
  @Task({ save: true }) export class Square { @Param() n!: number; run(): number { return this.n ** 2; } }
  @Task() export class Main {
    @Requires(() => [1, 2, 3].map((n) => task(Square, { n }))) squares!: number[];
    run(): string { return this.squares.join(); }
  }`;

/** Runs Main with the options in the expression, and prints its result or the first line of its error. */
const program = (options: string) => `
  import { processes, Runner, Storage, threads } from 'tidemark';
  import { bullmq } from 'tidemark/bullmq';
  import { Main } from './tasks';
  export * from './tasks';
  async function main() {
    const runner = new Runner(${options});
    console.log(await runner.run(Main));
    await runner.close();
  }
  if (require.main === module) main().catch((error) => { console.log(error.message); process.exitCode = 1; });
`;

/** Bundles the program, which then runs where the package is not installed. */
function bundle(options: BuildOptions = {}): void {
  mkdirSync(join(folder.path, 'node_modules'), { recursive: true });
  const installed = join(folder.path, 'node_modules/tidemark');
  symlinkSync(root, installed, 'junction');
  const { warnings } = buildSync({
    absWorkingDir: folder.path,
    entryPoints: ['main.ts'],
    outdir: 'out',
    bundle: true,
    platform: 'node',
    target: 'node20',
    keepNames: true,
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    // The test says what is not there.
    logLevel: 'silent',
    ...options,
  });
  unlinkSync(installed);
  expect(warnings).toEqual([]);
}

function run(file = 'out/main.js'): Promise<{ out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [file], { cwd: folder.path, timeout: 50_000 }, (_, out, err) => done({ out, err }));
  });
}

async function resultOf(options: string): Promise<string> {
  write(folder.path, { 'tasks.ts': tasks, 'main.ts': program(options) });
  bundle();
  const { out, err } = await run();
  return (out + err).trim();
}

it.each([
  ['memory', "{ storage: 'memory:' }"],
  ['files', "{ storage: 'file:saved' }"],
  ['threads', "{ storage: 'memory:', executor: threads({ modules: [__filename], size: 1 }) }"],
  ['processes', "{ storage: 'memory:', executor: processes({ modules: [__filename], size: 1 }) }"],
])('runs with %s in a bundle that holds the package', async (_, options) => {
  expect(await resultOf(options)).toBe('1,4,9');
});

it('is not changed by what the program tells its cbor-x, in the same bundle', async () => {
  write(folder.path, {
    'tasks.ts': `
      import { Task } from 'tidemark';
      @Task({ save: true }) export class Main { run() { return [new Date(5), new Set([1])]; } }`,
    'main.ts': `${program("{ storage: 'file:saved' }")}
      const { addExtension } = require('cbor-x');
      addExtension({ Class: Date, tag: 1, encode: (_: Date, encode: Function) => encode(0), decode: () => 'changed' });
      addExtension({ tag: 258, decode: () => 'changed' });`.replace(
      'await runner.run(Main)',
      'JSON.stringify(await runner.run(Main))',
    ),
  });
  link('cbor-x');
  bundle();
  for (const _ of [1, 2]) expect((await run()).out).toBe('["1970-01-01T00:00:00.005Z",{}]\n');
});

it('needs no optional package to be bundled, and says which is missing when it is used', async () => {
  expect(await resultOf("{ storage: 'redis://localhost:1' }")).toMatch(
    /needs the package @keyv\/redis: install it with/,
  );
  expect(await resultOf("{ storage: 'lmdb:saved' }")).toMatch(
    /^an LMDB storage needs the package lmdb: install it with/,
  );
  expect(await resultOf("{ executor: bullmq({ connection: 'redis://localhost:1' }) }")).toMatch(
    /need the packages bullmq and ioredis: install them with/,
  );
});

it('finds optional packages that are installed beside the bundle', async () => {
  link('lmdb');
  expect(await resultOf("{ storage: 'lmdb:saved' }")).toBe('1,4,9');
});

it('says what to do when threads and processes have no module that holds the package', async () => {
  write(folder.path, { 'other.js': '' });
  for (const pool of ['threads', 'processes']) {
    const message = await resultOf(`{ storage: 'memory:', executor: ${pool}({ modules: ['./other.js'], size: 1 }) }`);
    expect(message).toContain(`${pool} cannot start: this program is a bundle, and none of its modules`);
    expect(message).toContain('modules: [__filename]');
  }
});

it('renews leases in a bundle, and says where', async () => {
  const message = await resultOf("{ storage: 'file:saved' }".replace('}', ', onWarning() {} }'));
  expect(message).toBe('1,4,9');
  write(folder.path, {
    'tasks.ts': `
      import { Task } from 'tidemark';
      @Task({ save: true, once: 'everywhere' }) export class Main {
        async run(): Promise<number> { await new Promise((done) => setTimeout(done, 1_000)); return 1; }
      }`,
    'main.ts': program("{ storage: Storage.open('file:saved', { lease: { expiresAfter: 300 } }) }"),
  });
  bundle();
  const { out, err } = await run();
  expect(out).toBe('1\n');
  expect(err.match(/leases are renewed on the event loop, since this program is a bundle/g)).toHaveLength(1);
});

it('runs minified, with the names of classes kept', async () => {
  write(folder.path, { 'tasks.ts': tasks, 'main.ts': program("{ storage: 'file:saved' }") });
  bundle({ minify: true });
  expect((await run()).out).toBe('1,4,9\n');
});

it('runs as an ES module with a require of its own', async () => {
  write(folder.path, {
    'tasks.ts': tasks,
    'main.ts': program(
      "{ storage: 'file:saved', executor: threads({ modules: [import.meta.filename], size: 1 }) }",
    ).replace('require.main === module', 'process.argv[1] === import.meta.filename'),
  });
  bundle({
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  expect(await run('out/main.mjs')).toEqual({ out: '1,4,9\n', err: '' });
});

describeWithRedis('with a redis-server', (server) => {
  it('runs with Redis as storage and queues', async () => {
    for (const name of ['@keyv/redis', 'bullmq', 'ioredis']) link(name);
    expect(await resultOf(`{ storage: '${server.uri()}' }`)).toBe('1,4,9');
  });
});

function link(name: string): void {
  const path = join(folder.path, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), path, 'junction');
}
