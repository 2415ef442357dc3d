import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import Keyv from 'keyv';
import { Runner, Storage, StorageError, type StorageSource } from 'tidemark';
import { resolveSource } from '../../src/config/configured-storage';
import { tidemark } from '../cli/support/cli';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const cwd = process.cwd();

beforeEach(() => process.chdir(folder.path));
afterEach(() => process.chdir(cwd));

function refusalOf(source: StorageSource): StorageError {
  try {
    Storage.open(source);
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error(`${String(source)} was not refused`);
}

describe.each(['file', 'lmdb'])('%s:', (scheme) => {
  it.each([
    ['~/x', () => join(homedir(), 'x')],
    ['~', homedir],
    ['./~/x', () => join(process.cwd(), '~/x')],
    ['./$HOME/x', () => join(process.cwd(), '$HOME/x')],
    ['//localhost/x', () => '/x'],
    ['///x y', () => '/x y'],
    ['a%20b', () => join(process.cwd(), 'a%20b')],
    ['a#b', () => join(process.cwd(), 'a#b')],
    ['what?', () => join(process.cwd(), 'what?')],
    ['a?x=1/', () => join(process.cwd(), 'a?x=1')],
    ['größe/数据', () => join(process.cwd(), 'größe/数据')],
  ])('means by %s what it says', (path, expected) => {
    expect(Storage.open(`${scheme}:${path}`).location).toBe(expected());
  });

  it.each([
    ['//rel', /'rel' is in the place of a host; write '\w+:\.\/rel' .*, or '\w+:\/\/\/rel'/],
    ['//rel/x', /'rel' is in the place of a host; write '\w+:\.\/rel\/x'/],
    ['//~/x', /'~' is in the place of a host/],
    ['', /names no folder; write '\w+:\.tidemark'/],
    ['//', /names no folder/],
    ['~ada/x', /home folders of other users are not supported: .* or '\.\/~ada\/x'/],
    ['$HOME/x', /variables in "\$HOME\/x" are not expanded: write the value of \$HOME/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as in a shell
    ['${HOME}/x', /variables in .* are not expanded/],
    ['%USERPROFILE%/x', /variables in .* are not expanded/],
    ['a ', /starts or ends with white space/],
    ['a\n', /starts or ends with white space/],
    ['a\0b', /null character/],
    ['a?x=1', /it has \?x=1, but only \?readonly= is supported; append a \//],
    ['a?readonly=yes', /has \?readonly=yes; write \?readonly=true or \?readonly=false/],
    ['///a%20b', /a path is used as written, .*; write '\w+:\/a b', or '\w+:\/a%20b'/],
  ])('refuses %j, and says what to write', (path, message) => {
    const error = refusalOf(`${scheme}:${path}`);
    expect(error.message).toMatch(message);
    expect(error.operation).toBe('open');
  });
});

it('makes nothing for a refused URI', () => {
  refusalOf('file://rel');
  expect([existsSync('/rel'), readdirSync('.')]).toEqual([false, []]);
});

it('expands the home folder', async () => {
  const asked = (HOME: string) => tidemark(['stats', '--storage', 'file:~/x'], { cwd: folder.path, env: { HOME } });
  expect(await asked(folder.path)).toMatchObject({ code: 0, err: expect.stringContaining(join(folder.path, 'x')) });
  expect(await asked('')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/--storage: .*home folder, which is unknown: HOME is ""/),
  });
  expect(existsSync('~')).toBe(false);
});

it.each(['memory:results', 'memory://x'])('refuses a name in %s', (uri) => {
  expect(refusalOf(uri).message).toMatch(/'memory:' takes no name/);
});

it.each([
  ['file:~/x', `file:${join(homedir(), 'x')}`],
  ['sqlite://~/x.db', `sqlite://${join(homedir(), 'x.db')}`],
  ['file:$HOME/x', 'file:$HOME/x'],
  ['file://rel', 'file://rel'],
  ['file:a?readonly=true', 'file:/a/b/a?readonly=true'],
  ['file:a?x=1/', 'file:/a/b/a?x=1/'],
])('leaves it to opening to refuse what a config says: %s', (source, resolved) => {
  expect(resolveSource(source, '/a/b')).toBe(resolved);
});

it('names the variable with the refused URI', () => {
  process.env['TIDEMARK_STORAGE'] = 'file:$HOME/x';
  try {
    expect(() => Storage.open()).toThrow(/^TIDEMARK_STORAGE: .*variables in .* are not expanded/);
  } finally {
    delete process.env['TIDEMARK_STORAGE'];
  }
});

it.each([
  ['redis://localhost:0', /its port is 0/],
  ['redis://localhost:70000', /it has no valid host and port/],
  ['redis://localhost?db=1&db=2', /\?db= more than once/],
  ['redis://localhost?namespace=a&namespace=b', /\?namespace= more than once/],
  ['redis://localhost?readonly=1', /has \?readonly=1; write \?readonly=true/],
])('refuses %s', (uri, message) => {
  expect(refusalOf(uri).message).toMatch(message);
});

it('refuses a Keyv or an adapter with a time to live', () => {
  expect(refusalOf(new Keyv({ ttl: 60_000 })).message).toMatch(
    /^a Keyv has ttl: 60000, but results must not expire one by one, .*\. Leave ttl out; for results/,
  );
  const adapter = { opts: { ttl: '1h' }, get() {}, set() {}, delete: () => true, clear() {} };
  expect(refusalOf(adapter).message).toMatch(/a store has ttl: '1h'/);
  expect(refusalOf(new Keyv({ store: adapter })).message).toMatch(/a store has ttl: '1h'/);
  expect(Storage.open(new Keyv({ ttl: 0 })).location).toBe('a Map');
});

it('refuses the compression of a Keyv, which would have no effect', () => {
  expect(refusalOf(new Keyv({ compression: { compress() {}, decompress() {} } })).message).toMatch(
    /has compression, which would have no effect/,
  );
});

it.each([
  [{ inlineBytes: '32768' }, /option inlineBytes is '32768'; it must be a number of bytes >= 0/],
  [{ inlineBytes: null }, /option inlineBytes is null/],
  [{ lease: { expiresAfter: '5000' } }, /option lease/],
])('takes no text for a number: %j', (options, message) => {
  expect(() => Storage.open('memory:', options as any)).toThrow(message);
});

it('expands the home folder in the directories of a runner, too', async () => {
  expect(() => new Runner({ storage: 'memory:', directories: '$HOME/x' })).toThrow(/variables in .* are not expanded/);
  const runner = new Runner({ storage: 'memory:', directories: '~/x' });
  await runner.close();
  expect(existsSync(join(folder.path, '~'))).toBe(false);
});
