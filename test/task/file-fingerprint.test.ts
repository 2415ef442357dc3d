import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileFingerprint, folderFingerprint, TidemarkError } from 'tidemark';
import { runChild } from '../support/child';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const cache = temporaryFolder();
const child = join(__dirname, 'fixtures/fingerprint.ts');
const large = 1024 * 1024;
const long = new Date('2020-01-01T00:00:00Z');
const isRoot = process.getuid?.() === 0;

beforeEach(() => void (process.env['XDG_CACHE_HOME'] = cache.path));

function write(name: string, content: string): string {
  const path = join(folder.path, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The fingerprint computed by a new process, and the number of bytes that it read. */
async function inNewProcess(...paths: string[]): Promise<{ fingerprint: string; all: string[]; read: number }> {
  const { fingerprints, read } = await runChild<{ fingerprints: string[]; read: number }>(child, paths);
  return { fingerprint: fingerprints[0]!, all: fingerprints, read };
}

const table = () => join(cache.path, 'tidemark/file-digests-1');

describe.each([
  ['small', 1_000],
  ['large', large],
])('a %s file', (_, size) => {
  const content = (start: string) => start.padEnd(size, '.');

  it('has the fingerprint of its content, regardless of path and times', async () => {
    const path = write('a', content('one'));
    const before = await fileFingerprint(path);
    expect(before).toMatch(/^sha256-[0-9a-f]{32}$/);
    utimesSync(path, long, long);
    expect(await fileFingerprint(path)).toBe(before);
    utimesSync(path, new Date(Date.now() + 3_600_000), new Date(Date.now() + 3_600_000));
    expect(await fileFingerprint(path)).toBe(before);
    expect(await fileFingerprint(write('clone/b', content('one')))).toBe(before);
    expect((await inNewProcess(path)).fingerprint).toBe(before);
  });

  it('has another fingerprint when its content changes, even with the same size and time', async () => {
    const path = write('a', content('one'));
    utimesSync(path, long, long);
    await sleep(2_100);
    const before = await fileFingerprint(path);
    write('a', content('two'));
    utimesSync(path, long, long);
    expect(statSync(path)).toMatchObject({ size, mtimeMs: long.getTime() });
    const after = await fileFingerprint(path);
    expect(after).not.toBe(before);
    expect((await inNewProcess(path)).fingerprint).toBe(after);
    renameSync(write('b', content('one')), path);
    utimesSync(path, long, long);
    expect(await fileFingerprint(path)).toBe(before);
  });

  it('has another fingerprint after each of many changes within a millisecond', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) seen.add(await fileFingerprint(write('a', content(`version ${i}`))));
    expect(seen.size).toBe(20);
  });
});

it('does not read an unchanged file twice, in the same process or another one', async () => {
  if (!existsSync('/proc/self/io')) return;
  const path = write('a', 'x'.repeat(8 * large));
  await sleep(2_100);
  const first = await inNewProcess(path);
  expect(first.read).toBeGreaterThan(8 * large);
  const second = await inNewProcess(path);
  expect(second.fingerprint).toBe(first.fingerprint);
  expect(first.read - second.read).toBeGreaterThan(7 * large);
  appendFileSync(path, 'y');
  expect((await inNewProcess(path)).fingerprint).not.toBe(first.fingerprint);
});

it('does not use the cached digest of a file that has just changed', async () => {
  const path = write('a', 'x'.repeat(large));
  await fileFingerprint(path);
  expect(existsSync(table())).toBe(true);
  expect(readFileSync(table()).length).toBe(0);
});

it('caches digests in a file of bounded size, which may be damaged or deleted at any time', async () => {
  const paths = Array.from({ length: 20 }, (_, i) => write(`f${i}`, `${i}`.padEnd(large / 8, '.')));
  await sleep(2_100);
  const before = await Promise.all(paths.map((path) => fileFingerprint(path)));
  expect(statSync(table()).size).toBeLessThanOrEqual(4 * large);
  const bytes = readFileSync(table());
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0 && i % 3 === 0) bytes[i]! ^= 1;
  writeFileSync(table(), bytes);
  expect((await inNewProcess(...paths)).all).toEqual(before);
  rmSync(cache.path, { recursive: true });
  expect((await inNewProcess(...paths)).all).toEqual(before);
});

it('works without a writable cache folder', async () => {
  const path = write('a', 'x'.repeat(large));
  const before = await fileFingerprint(path);
  await sleep(2_100);
  const { TMPDIR } = process.env;
  process.env['XDG_CACHE_HOME'] = write('not-a-folder', '');
  process.env['TMPDIR'] = write('neither', '');
  try {
    expect(await fileFingerprint(path)).toBe(before);
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
});

it('is cached by many processes that write concurrently', async () => {
  const paths = Array.from({ length: 10 }, (_, i) => write(`f${i}`, `${i}`.padEnd(large / 8, '.')));
  await sleep(2_100);
  const answers = await Promise.all(Array.from({ length: 6 }, () => inNewProcess(...paths)));
  const expected = await Promise.all(paths.map((path) => fileFingerprint(path)));
  expect(answers.map(({ all }) => all)).toEqual(answers.map(() => expected));
  expect((await inNewProcess(...paths)).all).toEqual(expected);
});

it('does not use a cache folder that other users can write to', async () => {
  if (process.platform === 'win32') return;
  mkdirSync(join(cache.path, 'tidemark'), { recursive: true });
  chmodSync(join(cache.path, 'tidemark'), 0o777);
  const path = write('a', 'x'.repeat(large));
  await sleep(2_100);
  await inNewProcess(path);
  expect(readdirSync(join(cache.path, 'tidemark'))).toEqual([]);
});

it('is the same for concurrent calls, each of which sees all earlier writes', async () => {
  const path = write('a', 'x'.repeat(large));
  const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => fileFingerprint(path)));
  expect(new Set(others)).toEqual(new Set([first]));
  const begun = fileFingerprint(path);
  await sleep(1);
  write('a', 'y'.repeat(large));
  const changed = fileFingerprint(path);
  await begun;
  expect(await changed).not.toBe(first);
});

describe('several files', () => {
  beforeEach(() => {
    for (const [name, content] of Object.entries({
      'data/a.csv': 'a',
      'data/b.csv': 'b',
      'data/.hidden.csv': 'h',
      'data/notes.txt': 'n',
      'data/deep/c.csv': 'c',
    }))
      write(name, content);
  });
  const at = (name: string) => join(folder.path, name);

  it('match a pattern', async () => {
    const before = await fileFingerprint(at('data/*.csv'));
    for (const [name, counts] of [
      ['data/notes.txt', false],
      ['data/deep/c.csv', false],
      ['data/.hidden.csv', false],
      ['data/b.csv', true],
    ] as const) {
      const content = readFileSync(at(name), 'utf8');
      write(name, 'changed');
      expect([name, (await fileFingerprint(at('data/*.csv'))) !== before]).toEqual([name, counts]);
      write(name, content);
    }
    expect(await fileFingerprint(at('data/*.csv'))).toBe(before);
    write('data/new.csv', '');
    expect(await fileFingerprint(at('data/*.csv'))).not.toBe(before);
  });

  it('are identified by their names relative to their common folder, not by its path', async () => {
    cpSync(at('data'), at('elsewhere/data'), { recursive: true });
    for (const pattern of ['data/*.csv', 'data/**/*.csv', 'data/{a,deep/c}.csv', 'data/@(a|b).csv'])
      expect(await fileFingerprint(at(pattern))).toBe(await fileFingerprint(at(`elsewhere/${pattern}`)));
    const files = (root: string) => [at(`${root}data/a.csv`), at(`${root}data/deep/c.csv`)];
    const before = await fileFingerprint(files(''));
    expect(await fileFingerprint(files('elsewhere/'))).toBe(before);
    expect(await fileFingerprint(files('').map((path) => relative(process.cwd(), path)))).toBe(before);
    expect(await fileFingerprint(files('').reverse())).toBe(before);
    renameSync(at('data/deep/c.csv'), at('data/deep/d.csv'));
    expect(await fileFingerprint([at('data/a.csv'), at('data/deep/d.csv')])).not.toBe(before);
  });

  it('differ when contents are swapped', async () => {
    const before = await fileFingerprint([at('data/a.csv'), at('data/b.csv')]);
    write('data/a.csv', 'b');
    write('data/b.csv', 'a');
    expect(await fileFingerprint([at('data/a.csv'), at('data/b.csv')])).not.toBe(before);
  });

  it('omit excluded ones', async () => {
    const all = await fileFingerprint([at('data/**')]);
    expect(await fileFingerprint([at('data/**'), `!${at('data/deep/**')}`])).not.toBe(all);
    const before = await fileFingerprint([at('data/**'), `!${at('data/deep/**')}`, `!${at('data/notes.txt')}`]);
    write('data/notes.txt', 'changed');
    write('data/deep/c.csv', 'changed');
    expect(await fileFingerprint([at('data/**'), `!${at('data/deep/**')}`, `!${at('data/notes.txt')}`])).toBe(before);
  });

  it('may have names that look like patterns', async () => {
    const one = await fileFingerprint(write('data/report[1].csv', 'one'));
    expect(one).toBe(await fileFingerprint(write('copy.csv', 'one')));
    expect(await fileFingerprint(write('data/report[1].csv', 'two'))).not.toBe(one);
  });

  it.each([
    ['data/*.parquet', /no file in .*data matches .*data\/\*\.parquet/],
    ['nowhere/*.csv', /cannot search for .*nowhere\/\*\.csv: the folder .*nowhere does not exist \(ENOENT\)/],
    ['data/missing.csv', /the file .*data\/missing\.csv does not exist \(ENOENT\)/],
    ['data', /data is a folder; use folderFingerprint\(".*data"\)/],
  ])('that are missing are named: %s', async (name, message) => {
    for (const given of [at(name), [at('data/a.csv'), at(name)]]) {
      const error = await fileFingerprint(given).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TidemarkError);
      expect((error as Error).message).toMatch(message);
    }
  });
});

describe('a folder', () => {
  beforeEach(() => {
    write('tree/a', 'one');
    write('tree/sub/b', 'two');
    write('tree/.hidden/c', 'three');
  });
  const tree = () => join(folder.path, 'tree');

  it('has a fingerprint of the contents and names in it', async () => {
    const before = await folderFingerprint(tree());
    cpSync(tree(), join(folder.path, 'clone'), { recursive: true });
    mkdirSync(join(folder.path, 'clone/empty'));
    expect(await folderFingerprint(join(folder.path, 'clone'))).toBe(before);
    expect(await folderFingerprint(relative(process.cwd(), tree()))).toBe(before);
    const changes = [
      () => write('clone/a', 'new'),
      () => write('clone/.hidden/c', 'new'),
      () => renameSync(join(folder.path, 'clone/sub/b'), join(folder.path, 'clone/sub/z')),
      () => write('clone/sub/more', ''),
      () => rmSync(join(folder.path, 'clone/a')),
    ];
    const seen = new Set([before]);
    for (const change of changes) {
      change();
      seen.add(await folderFingerprint(join(folder.path, 'clone')));
    }
    expect(seen.size).toBe(1 + changes.length);
  });

  it('distinguishes names from contents, and folders from names', async () => {
    const fingerprints = new Set<string>();
    for (const [i, files] of [
      { 'a/b': 'c' },
      { a: 'bc' },
      { ab: 'c' },
      { 'a/b': '', c: '' },
      { 'a\nb': 'c' },
    ].entries()) {
      for (const [name, content] of Object.entries(files)) write(`t${i}/${name}`, content);
      fingerprints.add(await folderFingerprint(join(folder.path, `t${i}`)));
    }
    expect(fingerprints.size).toBe(5);
  });

  it('follows links, including links to parents', async () => {
    write('outside/d', 'four');
    symlinkSync(tree(), join(tree(), 'sub/up'));
    symlinkSync(folder.path, join(tree(), 'above'));
    symlinkSync(join(folder.path, 'outside'), join(tree(), 'out'));
    symlinkSync(join(folder.path, 'outside'), join(tree(), 'out2'));
    symlinkSync('nowhere', join(tree(), '.#lock'));
    const before = await folderFingerprint(tree());
    write('outside/d', 'five');
    expect(await folderFingerprint(tree())).not.toBe(before);
    write('outside/d', 'four');
    expect(await folderFingerprint(tree())).toBe(before);
    rmSync(join(tree(), '.#lock'));
    symlinkSync('elsewhere', join(tree(), '.#lock'));
    expect(await folderFingerprint(tree())).not.toBe(before);
  });

  it('is walked even if each folder has links to all others', async () => {
    for (let i = 0; i < 9; i++) write(`web/${i}/file`, `${i}`);
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 9; j++) symlinkSync(join(folder.path, `web/${j}`), join(folder.path, `web/${i}/to${j}`));
    expect(await folderFingerprint(join(folder.path, 'web'))).toMatch(/^sha256-/);
  });

  it('is not stopped by pipes and sockets', async () => {
    const before = await folderFingerprint(tree());
    execFileSync('mkfifo', [join(tree(), 'pipe')]);
    expect(await folderFingerprint(tree())).not.toBe(before);
    await expect(fileFingerprint(join(tree(), 'pipe'))).rejects.toThrow(/pipe is a pipe, not a file/);
  });

  it('with many files is read a few files at a time', async () => {
    for (let i = 0; i < 2_000; i++) write(`many/${i % 10}/${i}`, `${i}`);
    const openFiles = () => readdirSync('/proc/self/fd').length;
    if (!existsSync('/proc/self/fd')) return;
    const before = openFiles();
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, openFiles())), 1);
    await folderFingerprint(join(folder.path, 'many'));
    clearInterval(timer);
    expect(most).toBeGreaterThan(before);
    expect(most - before).toBeLessThan(16);
  });

  it.each([
    ['missing', /the folder .*missing does not exist \(ENOENT\)/],
    ['tree/a', /tree\/a is a file; use fileFingerprint\(".*tree\/a"\)/],
  ])('that is not a folder is named: %s', async (name, message) => {
    await expect(folderFingerprint(join(folder.path, name))).rejects.toThrow(message);
  });

  it('with something unreadable is an error that names it', async () => {
    if (isRoot) return;
    chmodSync(join(tree(), 'sub/b'), 0);
    await expect(folderFingerprint(tree())).rejects.toThrow(/sub\/b cannot be read: permission denied \(EACCES\)/);
    chmodSync(join(tree(), 'sub'), 0);
    await expect(folderFingerprint(tree())).rejects.toThrow(/sub cannot be read: permission denied \(EACCES\)/);
    chmodSync(join(tree(), 'sub'), 0o700);
  });
});

it('names a broken link', async () => {
  symlinkSync('nowhere', join(folder.path, 'dangling'));
  await expect(fileFingerprint(join(folder.path, 'dangling'))).rejects.toThrow(/the file .*dangling does not exist/);
});

it.each([[undefined], [''], [[]], [[undefined]]])('rejects %p', async (given) => {
  await expect(fileFingerprint(given as unknown as string)).rejects.toThrow(/fileFingerprint received/);
});
