import { projects } from './support/project';

const project = projects();
const projectWithoutCompiler = projects({ without: '@swc/core' });

it.each([
  ['main.cjs', 'exports.a = 1;'],
  ['main.js', 'exports.a = 1;'],
  ['main.mjs', 'export const a = 1;'],
  ['main.json', '{ "a": 1 }'],
  ['main.ts', 'export const a: number = 1;'],
  ['main.cts', 'export const a: number = 1;'],
  ['main.mts', 'export const a: number = 1;'],
])('loads %s', async (file, content) => {
  const user = project({ [file]: content });
  expect(await user.print(`[load('./${file}').a, (await importModule('./${file}')).a]`)).toBe('[ 1, 1 ]');
});

it('awaits an ES module with top-level await', async () => {
  const user = project({ 'main.mjs': 'export const a = await Promise.resolve(1);' });
  expect(await user.print("(await importModule('./main.mjs')).a")).toBe('1');
  expect(await user.print("load('./main.mjs')")).toMatch(
    /^LoadError: cannot load .*main\.mjs: it is, or imports, an ES module with await outside of functions/,
  );
});

it.each([
  'export const a = await Promise.resolve(1);',
  'await (async () => {})();',
  'for await (const one of [1]) console.log(one);',
  'if (Math.random() < 2) { console.log([await 1]); }',
])('says that a TypeScript file cannot be awaited: %s', async (code) => {
  const user = project({ 'main.ts': code });
  const message = `LoadError: cannot load ${user.path}/main.ts: it uses await outside of functions; move that into a function`;
  expect(await user.print("load('./main.ts')")).toBe(message);
  expect(await user.print("await importModule('./main.ts')")).toBe(message);
});

it.each([
  ["export async function a() { await 1; for await (const b of [2]) await b; return 'awaited'; }", "'awaited'"],
  ["export const a = (...all: unknown[]) => 'await';\nexport const count = arguments.length;", "'await'"],
  [
    'const await_ = 1;\nconst twice = 1;\nconst twice = 2;',
    "SyntaxError: Identifier 'twice' has already been declared",
  ],
])('takes await for what it is in %s', async (code, result) => {
  const user = project({ 'main.ts': code });
  expect(await user.print("await load('./main.ts').a()")).toBe(result);
});

it('reports the position in an imported file that does not compile', async () => {
  const user = project({
    'main.ts': "import './part';",
    'part.ts': 'export const a = 1;\nexport const b: = 2;\n',
  });
  const message = await user.print("load('./main.ts')");
  expect(message).toContain(`LoadError: cannot load ${user.path}/part.ts: Unexpected token \`=\``);
  expect(message).toContain('part.ts:2:1');
  expect(message).toContain('2 | export const b: = 2;');
  expect(message).not.toContain('backtrace');
});

it('reports that a file does not exist', async () => {
  const user = project({ 'main.ts': "import './missing';" });
  expect(await user.print("load('./other.ts')")).toBe(
    `LoadError: cannot load ${user.path}/other.ts: the file does not exist`,
  );
  expect(await user.print("load('./main.ts')")).toMatch(/^Error: Cannot find module '.\/missing'/);
});

it('rethrows the error of a module', async () => {
  const user = project({ 'main.ts': "throw new RangeError('theirs');" });
  expect(await user.print("load('./main.ts')")).toBe('RangeError: theirs');
  expect(await user.print("await importModule('./main.ts')")).toBe('RangeError: theirs');
});

it('names the package to install when nothing compiles TypeScript', async () => {
  const user = projectWithoutCompiler({ 'main.ts': 'export class A { @((): any => {}) a!: string; }' });
  expect(await user.print("load('./main.ts')")).toBe(
    `LoadError: cannot load ${user.path}/main.ts: TypeScript is compiled by @swc/core; install it with \`npm install --save-dev @swc/core\``,
  );
});

it('lets Node load TypeScript without a compiler, if it can strip types', async () => {
  const user = projectWithoutCompiler({ 'main.ts': 'export const a: number = 1;' });
  const stripsTypes = (process.features as { typescript?: unknown }).typescript;
  expect(await user.print("load('./main.ts').a")).toMatch(stripsTypes ? /^1$/ : /install @swc|npm install --save-dev/);
});
