import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projects } from '../load/support/project';

const project = projects();
const planted = "console.log('planted code runs'); module.exports = { storage: 'memory:' };";
const config = { 'tidemark.config.js': "module.exports = { storage: 'memory:' };" };
const asRoot = process.getuid?.() === 0 ? it : it.skip;

it.each(['package.json', '.git'])('is searched up to the folder with %s', async (marker) => {
  const user = project({ 'tidemark.config.js': planted, [`own/${marker}`]: '{}', 'own/deep/file': '' });
  expect(await user.print('loadConfig()', { folder: 'own/deep' })).toBe('undefined');
  user.write({ 'own/tidemark.config.json': '{ "storage": "memory:" }' });
  expect(await user.print('loadConfig().path', { folder: 'own/deep' })).toBe(`'${user.path}/own/tidemark.config.json'`);
});

it('is searched up to the home folder without a project', async () => {
  const user = project({ ...config, 'home/deep/file': '' });
  const env = { HOME: join(user.path, 'home') };
  expect(await user.print('loadConfig()', { folder: 'home/deep', env })).toBe('undefined');
  user.write({ 'home/tidemark.config.json': '{ "storage": "memory:" }' });
  expect(await user.print('loadConfig().path', { folder: 'home/deep', env })).toBe(
    `'${user.path}/home/tidemark.config.json'`,
  );
});

it('is searched up to a folder that others can write to, without a project or home folder', async () => {
  const user = project({});
  // Outside of the folders of this test, which have a package.json.
  const outside = join(user.path, '../outside');
  user.write({ '../outside/tidemark.config.js': planted, '../outside/own/deep/file': '' });
  expect(await user.print(`loadConfig('${outside}/own/deep').path`)).toContain('planted code runs');
  chmodSync(outside, 0o1777);
  expect(await user.print(`loadConfig('${outside}/own/deep')`)).toBe('undefined');
});

it.each([
  ['file', 'tidemark.config.js', 0o666],
  ['file', 'tidemark.config.js', 0o602],
  ['folder', '.', 0o777],
])('is not run when its %s can be written by other users', async (what, name, mode) => {
  const user = project({ 'tidemark.config.js': planted });
  chmodSync(join(user.path, name), mode);
  const message = await user.print('loadConfig()');
  expect(message).toContain(`LoadError: cannot load ${user.path}/tidemark.config.js: other users can write `);
  expect(message).toContain(what === 'file' ? 'it (mode 6' : `its folder ${user.path} (mode 777)`);
  expect(message).toContain(what === 'file' ? 'chmod go-w' : `chmod go-w ${user.path}`);
  expect(message).toContain('TIDEMARK_STORAGE');
  expect(message).not.toContain('planted code runs');
});

it('is not read when it is JSON either', async () => {
  const user = project({ 'tidemark.config.json': '{ "storage": "redis://attacker" }' });
  chmodSync(join(user.path, 'tidemark.config.json'), 0o666);
  expect(await user.print('configuredStorage()')).toContain('other users can write it');
});

it('is run in a folder where users can only write their own files, such as /tmp', async () => {
  const user = project(config);
  chmodSync(user.path, 0o1777);
  expect(await user.print('loadConfig().config.storage')).toBe("'memory:'");
});

it("is run when only the user's own group can write it", async () => {
  const user = project(config);
  // Files have the group of the user, which can write to them with the usual umask 002.
  chmodSync(join(user.path, 'tidemark.config.js'), 0o664);
  chmodSync(user.path, 0o775);
  const own = process.getuid?.() === process.getgid?.();
  expect(await user.print('loadConfig().config.storage')).toContain(own ? "'memory:'" : 'other users can write');
});

asRoot('is not run when another user owns it, its folder, or what it links to', async () => {
  const stranger = 4321;
  const file = project({ 'tidemark.config.js': planted });
  chownSync(join(file.path, 'tidemark.config.js'), stranger, stranger);
  const folder = project({ 'tidemark.config.js': planted });
  chownSync(folder.path, stranger, stranger);
  const linked = project({ 'real/config.js': planted });
  symlinkSync('real/config.js', join(linked.path, 'tidemark.config.js'));
  chownSync(join(linked.path, 'real/config.js'), stranger, stranger);
  for (const [user, what] of [
    [file, 'another user owns it (uid 4321)'],
    [folder, `another user owns its folder ${folder.path} (uid 4321)`],
    [linked, `another user owns its link target ${linked.path}/real/config.js (uid 4321)`],
  ] as const) {
    const message = await user.print('loadConfig()');
    expect(message).toContain(`cannot load ${user.path}/tidemark.config.js: ${what}`);
    expect(message).not.toContain('planted code runs');
  }
  // The user who started sudo.
  expect(await file.print('loadConfig().config.storage', { env: { SUDO_UID: String(stranger) } })).toContain(
    "'memory:'",
  );
});

asRoot('is not run when another group can write it', async () => {
  const user = project({ 'tidemark.config.js': planted });
  chownSync(join(user.path, 'tidemark.config.js'), 0, 4321);
  chmodSync(join(user.path, 'tidemark.config.js'), 0o664);
  expect(await user.print('loadConfig()')).toContain('other users can write it (mode 664)');
});

it('is refused when it is a pipe', async () => {
  const user = project({});
  execFileSync('mkfifo', [join(user.path, 'tidemark.config.json')]);
  expect(await user.print('loadConfig()')).toMatch(/^LoadError: cannot load .*: it is neither a file/);
});
