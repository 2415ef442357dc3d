import { resolve } from 'node:path';
import { resolveSource } from '../../src/config/configured-storage';
import { projects } from '../load/support/project';

const project = projects();
const config = { 'tidemark.config.json': '{ "storage": "file:kept" }', 'deep/file': '' };

it('returns the storage of the config file, with a path relative to its folder', async () => {
  const user = project(config);
  const configured = `{ source: 'file:${user.path}/kept', from: '${user.path}/tidemark.config.json' }`;
  expect(await user.print('configuredStorage()', { folder: 'deep' })).toBe(configured);
});

it('prefers TIDEMARK_STORAGE, with a path relative to the working folder', async () => {
  const user = project({ ...config, 'tidemark.config.js': "throw new Error('not read');" });
  const configured = `{ source: 'lmdb:${user.path}/deep/kept', from: 'TIDEMARK_STORAGE' }`;
  expect(await user.print('configuredStorage()', { folder: 'deep', env: { TIDEMARK_STORAGE: 'lmdb:kept' } })).toBe(
    configured,
  );
});

it('returns stores unchanged', async () => {
  const user = project({ 'tidemark.config.ts': 'export default { storage: new Map([[1, 2]]) };' });
  expect(await user.print('configuredStorage().source')).toBe('Map(1) { 1 => 2 }');
});

it('returns nothing when the config file names no storage', async () => {
  expect(await project({ 'tidemark.config.json': '{}' }).print('configuredStorage()')).toBe('undefined');
});

it.each([
  ['file:.tidemark', `file:${resolve('/a/b/.tidemark')}`],
  ['file:../c', `file:${resolve('/a/c')}`],
  ['lmdb:c', `lmdb:${resolve('/a/b/c')}`],
  ['sqlite://c.db', `sqlite://${resolve('/a/b/c.db')}`],
  ['file:/c', 'file:/c'],
  ['file:///c', 'file:///c'],
  ['sqlite:///c.db', 'sqlite:///c.db'],
  ['sqlite://:memory:', 'sqlite://:memory:'],
  ['file:', 'file:'],
  ['memory:', 'memory:'],
  ['redis://host/file:c', 'redis://host/file:c'],
  ['c', 'c'],
])('takes %s, said in /a/b, for %s', (source, resolved) => {
  expect(resolveSource(source, '/a/b')).toBe(resolved);
});
