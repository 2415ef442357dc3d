import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import ts from 'typescript';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
const print = `
  const { inspect } = require('node:util');
  require(process.argv[1]).main().then((result) => console.log(inspect(result, { depth: 9, breakLength: Infinity })));
`;

/** The result of `main()` of each program. */
const expected = {
  '01-ml-evaluation': '[ 2, 2 ]',
  '02-etl-fanout': '[ 11n, 2n ]',
  '03-binomials': "[ 20, 1, 4, '1 4 6 4 1', [ 2, 6765n ] ]",
  '06-dict-of-tasks': "[ 50, 1, [ 20, 'USD' ], 'long', '10.0', 1 ]",
  '07-directory': '[ [ 3, 3 ] ]',
  '09-inheritance': "[ [ 0, 2, 4 ], [ 0, 100 ], [ 0, 1, 2, 'w0', 'w1', 'w2' ], 'debug:2' ]",
  '10-circular': "[ 'c7', 'c8!' ]",
};
const programs = Object.entries(expected);
/** Programs that name classes by the types of properties, which only some compilers emit. */
const reflecting = ['07-directory'];
const explicit = programs.filter(([name]) => !reflecting.includes(name));

async function resultOf(...nodeArguments: string[]): Promise<string> {
  const env = { ...process.env, NODE_PATH: join(root, 'node_modules') };
  const { stdout } = await run(process.execPath, nodeArguments, { cwd: root, env });
  return stdout.trim();
}

it('knows what every program gives', () => {
  const files = readdirSync(__dirname).filter((name) => /^\d/.test(name));
  expect(files).toEqual(Object.keys(expected).map((name) => `${name}.ts`));
});

it.each(programs)('swc runs %s', async (name, result) => {
  const register = join(root, 'test/support/register.js');
  expect(await resultOf('-r', register, '-e', print, join(__dirname, name))).toBe(result);
});

it.each(explicit)('tsx, which emits no types, runs %s', async (name, result) => {
  expect(await resultOf('--import', 'tsx', '-e', print, join(__dirname, name))).toBe(result);
});

it.each(reflecting)('without emitted types, %s is refused, and told what to write', async (name) => {
  const running = resultOf('--import', 'tsx', '-e', print, join(__dirname, name));
  await expect(running).rejects.toThrow('the compiler emitted no class for its type. Name it: @Requires(TheTask)');
});

it.each(explicit)('esbuild makes one file of %s, which needs no others', async (name, result) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'));
  const outfile = join(folder, 'program.js');
  const bundle = { bundle: true, platform: 'node', logLevel: 'silent', tsconfig: join(root, 'tsconfig.json') } as const;
  const { warnings } = await build({ ...bundle, entryPoints: [join(__dirname, `${name}.ts`)], outfile });
  const { stdout } = await run(process.execPath, ['-e', print, outfile], { cwd: folder });
  expect(stdout.trim()).toBe(result);
  expect(warnings).toEqual([]);
  rmSync(folder, { recursive: true });
});

describe('tsc', () => {
  let folder: string;

  /** The programs and the library as JavaScript, `tidemark` being a package that they find. */
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-programs-'));
    const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
    const overrides = { noEmit: false, outDir: folder, rootDir: root };
    const { options } = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), overrides, host)!;
    const program = ts.createProgram(
      programs.map(([name]) => join(__dirname, `${name}.ts`)),
      options,
    );
    const { diagnostics } = program.emit();
    const messages = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ messageText }) => messageText);
    expect(messages).toEqual([]);
    const own = join(folder, 'node_modules/tidemark');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'package.json'), JSON.stringify({ main: '../../src/entry/index.js' }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(programs)('compiles and runs %s', async (name, result) => {
    expect(await resultOf('-e', print, join(folder, 'test/programs', name))).toBe(result);
  });
});
