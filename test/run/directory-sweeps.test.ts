import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Param, Requires, Runner, Storage, Task, TaskDirectory } from 'tidemark';
import { Child } from '../support/child';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/build-and-wait.ts');
const folder = temporaryFolder();
const children: Child[] = [];
afterEach(async () => {
  for (const { process } of children) process.kill('SIGKILL');
  await Promise.all(children.splice(0).map(({ ended }) => ended));
});

/** As in the fixture, where it computes the same keys. */
@Task({ save: true })
class Shared {
  @Param() name = 'a';
  @Requires(TaskDirectory) directory!: TaskDirectory;
  run(): TaskDirectory {
    writeFileSync(this.directory.file('who.txt'), 'test');
    return this.directory;
  }
}

const open = (storage = `file:${folder.path}/store`, directories?: string) =>
  new Runner({
    storage,
    ...(directories !== undefined && { directories }),
    sourceChange: 'ignore',
    onWarning: () => {},
  });
const start = (who: string, ...more: string[]): Child => {
  const child = new Child(fixture, [more[0] ?? `file:${folder.path}/store`, folder.path, who, ...more.slice(1)]);
  children.push(child);
  return child;
};
const letPass = (point: string) => writeFileSync(join(folder.path, `after ${point}`), '');
const reached = async (what: string) => {
  while (!existsSync(join(folder.path, what))) await wait(5);
};
/** Results are saved while what requires them runs. */
const saved = async () => reached(join('store', await open().key(Shared)));
/** What is in the directories of the shared key: who made them. */
const makers = async (root = join(folder.path, 'store')): Promise<string[]> => {
  const place = join(root, `${await open().key(Shared)}.d`);
  return existsSync(place)
    ? readdirSync(place)
        .map((nonce) => readFileSync(join(place, nonce, 'who.txt'), 'utf8'))
        .sort()
    : [];
};
const kill = async (child: Child) => {
  child.process.kill('SIGKILL');
  await child.ended;
};

it('never sees what a killed run left, and removes it', async () => {
  const child = start('killed');
  await reached('killed begin');
  await kill(child);
  expect(await makers()).toEqual(['killed']);
  const directory = await open().run(Shared);
  expect(readFileSync(directory.file('who.txt'), 'utf8')).toBe('test');
  expect(await makers()).toEqual(['test']);
});

it('removes it also when another key of the task is computed', async () => {
  const child = start('killed');
  await reached('killed begin');
  await kill(child);
  await open().run(Shared, { name: 'b' });
  expect(await makers()).toEqual([]);
});

it('keeps what a killed run had saved', async () => {
  letPass('begin');
  const child = start('killed');
  await reached('killed use');
  await saved();
  await kill(child);
  await open().run(Shared, { name: 'b' });
  expect(await makers()).toEqual(['killed']);
  expect(readFileSync((await open().run(Shared)).file('who.txt'), 'utf8')).toBe('killed');
});

it('lets two processes that compute the same key go on with their own until they end', async () => {
  const [one, two] = [start('one'), start('two')];
  await Promise.all([reached('one begin'), reached('two begin')]);
  await open().run(Shared, { name: 'b' });
  expect(await makers()).toEqual(['one', 'two']);
  letPass('begin');
  await Promise.all([reached('one use'), reached('two use')]);
  await open().run(Shared, { name: 'c' });
  expect(await makers()).toEqual(['one', 'two']);
  letPass('use');
  expect([(await one.ended).output, (await two.ended).output]).toEqual(['one\n', 'two\n']);
  await open().run(Shared, { name: 'd' });
  const winner = readFileSync((await open().run(Shared)).file('who.txt'), 'utf8');
  expect(await makers()).toEqual([winner]);
  expect(['one', 'two']).toContain(winner);
});

it('does not take from another process what this one replaces', async () => {
  letPass('begin');
  const child = start('other');
  await reached('other use');
  await saved();
  await open().run(Shared, {}, { force: true });
  expect(await makers()).toEqual(['other', 'test']);
  letPass('use');
  expect((await child.ended).output).toBe('other\n');
  await open().run(Shared, { name: 'b' });
  expect(await makers()).toEqual(['test']);
});

it('leaves those of other machines alone, until they have not been touched for a week', async () => {
  const place = join(folder.path, 'store', `${await open().key(Shared)}.d`);
  const nonces = ['00000000-1-1-000000000000-0', '00000000-1-1-000000000000-1'];
  for (const nonce of nonces) {
    mkdirSync(join(place, nonce), { recursive: true });
    writeFileSync(join(place, nonce, 'who.txt'), nonce);
  }
  const longAgo = Date.now() / 1000 - 8 * 24 * 3600;
  utimesSync(join(place, nonces[0]!), longAgo, longAgo);
  await open().run(Shared, { name: 'b' });
  expect(await makers()).toEqual([nonces[1]]);
});

it('keeps directories when a record cannot be read', async () => {
  const key = await open().key(Shared);
  await open().run(Shared);
  writeFileSync(join(folder.path, 'store', key), 'tidemark9 00000000 ');
  await open().run(Shared, { name: 'b' });
  expect(await makers()).toEqual(['test']);
});

it('removes temporary folders that a killed process left', async () => {
  const left = () => readdirSync(tmpdir()).filter((name) => name.includes(`-${child.process.pid}-`));
  const child = start('killed', 'memory:');
  await reached('killed begin');
  await kill(child);
  expect(left()).toHaveLength(1);
  letPass('begin');
  letPass('use');
  await start('next', 'memory:').ended;
  expect(left()).toEqual([]);
});

describeWithRedis('with Redis', (server) => {
  it('keeps directories in the folder that the runner says', async () => {
    const directories = join(folder.path, 'directories');
    const killed = start('killed', server.uri(), directories);
    await reached('killed begin');
    await kill(killed);
    expect(await makers(directories)).toEqual(['killed']);
    letPass('begin');
    letPass('use');
    expect((await start('saved', server.uri(), directories).ended).output).toBe('saved\n');
    expect(await makers(directories)).toEqual(['saved']);

    const runner = open(server.uri(), directories);
    const saved = await runner.run(Shared);
    expect(saved.path.startsWith(directories)).toBe(true);
    const key = await runner.key(Shared);
    const elsewhere = (await runner.storage.get(key)) as TaskDirectory;
    expect(() => elsewhere.path).toThrow('is unknown here');
    await runner.run(Shared, {}, { force: true });
    expect(await makers(directories)).toEqual(['test']);
    await runner.clear(Shared, {});
    expect(await makers(directories)).toEqual([]);
    await runner.close();
  });

  it('is told where another machine keeps them: a directory that is not here is made again', async () => {
    const [here, there] = [join(folder.path, 'here'), join(folder.path, 'there')];
    const [one, other] = [open(server.uri(), here), open(server.uri(), there)];
    await one.run(Shared, { name: 'x' });
    const { path } = await other.run(Shared, { name: 'x' });
    expect(path.startsWith(there)).toBe(true);
    await Promise.all([one.close(), other.close()]);
  });

  it('is refused when planning without such a folder', async () => {
    const runner = open(server.uri());
    const refusal = `Shared is saved and requires a directory, which ${runner.storage.location} has no place for: name a folder for it, new Runner({ directories: '…' })`;
    await expect(runner.plan(Shared)).rejects.toThrow(refusal);
    await expect(runner.run(Shared)).rejects.toThrow(refusal);
    await runner.close();
  });
});

it('finds directories in all layers, and leaves what a later one has where it is', async () => {
  const [near, far] = ['near', 'far'].map((name) => Storage.open(`file:${folder.path}/${name}`));
  const { path } = await new Runner({ storage: far! }).run(Shared);
  const chained = new Runner({ storage: Storage.chain(near!, far!, { promote: true }), onWarning: () => {} });
  expect((await chained.run(Shared)).path).toBe(path);
  expect(existsSync(join(folder.path, 'near'))).toBe(false);
  rmSync(path, { recursive: true });
  const again = await chained.run(Shared);
  expect(again.path.startsWith(join(folder.path, 'near'))).toBe(true);
});
