import { loadConfig } from '../../src/config/load-config';
import { projects } from '../load/support/project';

const project = projects();
const storage = "{ storage: 'memory:' }";

it.each([
  ['tidemark.config.json', '{ "storage": "memory:" }'],
  ['tidemark.config.json', '\uFEFF{ "storage": "memory:" }'],
  ['tidemark.config.js', `module.exports = ${storage};`],
  ['tidemark.config.cjs', "exports.storage = 'memory:';"],
  ['tidemark.config.js', `export default ${storage};`],
  ['tidemark.config.mjs', `export default ${storage};`],
  ['tidemark.config.ts', `const config: object = ${storage};\nexport default config;`],
  ['tidemark.config.ts', `export = ${storage} as object;`],
  ['tidemark.config.cts', `export default ${storage} as object;`],
  ['tidemark.config.mts', `export default ${storage} as object;`],
])('reads %s: %s', async (file, content) => {
  const user = project({ [file]: content });
  expect(await user.print('loadConfig()')).toBe(`{ config: ${storage}, path: '${user.path}/${file}' }`);
});

it('reads an ES module in a package of ES modules', async () => {
  const user = project({ 'package.json': '{ "type": "module" }', 'tidemark.config.js': `export default ${storage};` });
  expect(await user.print('loadConfig().config')).toBe(storage);
});

it('reads TypeScript that imports TypeScript', async () => {
  const user = project({
    'tidemark.config.ts': "import { kind } from './settings.js';\nexport default { storage: kind };",
    'settings.ts': "export const kind: string = 'memory:';",
  });
  expect(await user.print('loadConfig().config')).toBe(storage);
});

it('leaves TypeScript to a test runner that compiles it', () => {
  const user = project({ 'tidemark.config.ts': "export default { storage: 'memory:' as string };" });
  expect(loadConfig(user.path)).toEqual({ config: { storage: 'memory:' }, path: `${user.path}/tidemark.config.ts` });
});

it('prefers the nearest parent folder, and JSON in it', async () => {
  const user = project({
    'tidemark.config.ts': "throw new Error('not this one');",
    'near/tidemark.config.json': '{ "storage": "memory:" }',
    'near/tidemark.config.ts': "throw new Error('not this one');",
    'near/far/away/file': '',
  });
  expect(await user.print('loadConfig().path', { folder: 'near/far/away' })).toBe(
    `'${user.path}/near/tidemark.config.json'`,
  );
  expect(await user.print("loadConfig('near/far').path")).toBe(`'${user.path}/near/tidemark.config.json'`);
});

it('returns nothing without a file', async () => {
  expect(await project({}).print('[loadConfig(), configuredStorage()]')).toBe('[ undefined, undefined ]');
});

it('reads a file once', async () => {
  const user = project({
    'tidemark.config.js': `globalThis.reads = (globalThis.reads ?? 0) + 1; module.exports = {};`,
  });
  expect(await user.print('[loadConfig() === undefined, loadConfig().config === loadConfig().config, reads]')).toBe(
    '[ false, true, 1 ]',
  );
});

it.each([
  ['json', '{ "storage": }', "Unexpected token '}'"],
  ['json', '', 'it is empty'],
  ['json', '[]', "it exports [] instead of an object such as { storage: 'file:.tidemark' }"],
  ['json', '{ "storge": "memory:" }', 'a config has no option storge; did you mean storage?'],
  ['json', '{ "storage": 5 }', "the option storage is 5; it must be a URI such as 'file:.tidemark', a Map"],
  ['js', 'module.exports = () => ({});', 'it exports [Function (anonymous)] instead of an object'],
  ['js', "export const storage = 'memory:';", 'it has no default export; write `export default defineConfig({ … })`'],
  ['ts', "export const storage = 'memory:';", 'it has no default export; write `export default defineConfig({ … })`'],
  ['ts', 'export default { storage: };', 'Expression expected'],
  ['js', 'module.exports = {', 'Unexpected end of input'],
  ['ts', "throw new RangeError('theirs');", 'theirs'],
  ['js', "throw 'theirs';", 'theirs'],
  ['ts', "import './gone';", "Cannot find module './gone'"],
  ['mjs', 'export default await {};', 'it is, or imports, an ES module with await outside of functions'],
  ['ts', 'export default await {};', 'it uses await outside of functions'],
])('refuses a .%s file: %s', async (ending, content, reason) => {
  const user = project({ [`tidemark.config.${ending}`]: content });
  const file = `${user.path}/tidemark.config.${ending}`;
  const message = await user.print('loadConfig()');
  expect(message).toContain(`LoadError: cannot load ${file}: `);
  expect(message).toContain(reason);
});

it('keeps the error of a file as the cause', async () => {
  const user = project({ 'tidemark.config.ts': "throw new RangeError('theirs');" });
  expect(await user.print('(() => { try { loadConfig() } catch ({ cause }) { return cause.name } })()')).toBe(
    "'RangeError'",
  );
});

it('names the broken file that the config imports', async () => {
  const user = project({ 'tidemark.config.ts': "import './part';", 'part.ts': 'const a: = 1;' });
  expect(await user.print('loadConfig()')).toContain(
    `LoadError: cannot load ${user.path}/tidemark.config.ts: cannot load ${user.path}/part.ts: `,
  );
});

it('refuses a config that needs the config', async () => {
  const user = project({
    'tidemark.config.js': "require('../node_modules/tidemark/config/configured-storage.js').configuredStorage();",
  });
  expect(await user.print('loadConfig()')).toBe(
    `LoadError: cannot load ${user.path}/tidemark.config.js: it needs the config while it is being loaded; open storages in it with a URI`,
  );
});

it('reports that a file cannot be read', async () => {
  const user = project({ 'tidemark.config.json/file': '' });
  expect(await user.print('loadConfig()')).toMatch(/^LoadError: cannot load .*: EISDIR/);
});

it('loads the search for files on first use', async () => {
  const user = project({});
  const loaded = "Object.keys(require.cache).some((file) => file.includes('lilconfig'))";
  expect(await user.print(`[${loaded}, loadConfig(), ${loaded}]`)).toBe('[ false, undefined, true ]');
});
