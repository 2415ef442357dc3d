import { execFileSync } from 'node:child_process';
import { join, relative, resolve } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';

const dist = resolve(__dirname, '../../dist');
const folder = temporaryFolder();

/** The files of the built package that a program has loaded when it is over. */
function loadedBy(program: string): readonly string[] {
  const code = `
    const tidemark = require(${JSON.stringify(join(dist, 'entry/index.js'))});
    (async () => {${program}})().then(() => console.log(JSON.stringify(Object.keys(require.cache))));`;
  const files = JSON.parse(execFileSync(process.execPath, ['-e', code], { cwd: folder.path, encoding: 'utf8' }));
  return (files as string[])
    .map((file) => relative(dist, file).replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('..'))
    .sort();
}

const imported = ['base/own-folder.js', 'entry/index.js', 'parts/base.js', 'parts/core.js'];
const run = (options: string) => `
  class Main { run() { return [1]; } }
  tidemark.Task({ save: true })(Main);
  const runner = new tidemark.Runner(${options});
  await runner.run(Main);
  await runner.close();`;

it('loads little by an import', () => {
  expect(loadedBy('')).toEqual(imported);
});

it('loads by a run what that uses, and nothing of other stores and executors', () => {
  const parts = ['encoding', 'engine', 'files', 'optional-package', 'shared', 'size-on-disk'];
  expect(loadedBy(run("{ storage: 'file:saved' }"))).toEqual(
    [...imported, ...parts.map((name) => `parts/${name}.js`)].sort(),
  );
});
