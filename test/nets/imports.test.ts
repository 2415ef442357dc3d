import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const source = join(__dirname, '../../src');
const list = join(__dirname, 'imports.txt');

/** The files of the package that are loaded by a program that only imports it. */
function loadedFiles(): string {
  const register = join(__dirname, '../support/register.js');
  const code = "require('tidemark'); console.log(JSON.stringify(Object.keys(require.cache)))";
  const files = JSON.parse(
    execFileSync(process.execPath, ['-r', register, '-e', code], { encoding: 'utf8' }),
  ) as string[];
  return files
    .map((file) => relative(source, file).replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('..'))
    .sort()
    .join('\n');
}

it('loads the files that imports.txt lists; UPDATE_IMPORTS=1 writes it anew', () => {
  const files = `${loadedFiles()}\n`;
  if (process.env.UPDATE_IMPORTS === '1') writeFileSync(list, files);
  expect(files).toBe(readFileSync(list, 'utf8'));
});
