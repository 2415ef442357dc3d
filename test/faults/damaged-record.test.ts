import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Runner, Storage, Task, type TaskKey, task } from 'tidemark';
import { showRecorded } from '../../src/cli/show-values';
import { tidemark } from '../cli/support/cli';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';
import { forged } from './support/forge';

const folder = temporaryFolder();

@Task({ save: true })
class Square {
  @Param() n!: number;
  run(): { square: number } {
    return { square: this.n * this.n };
  }
}

@Task({ save: true })
class Odd {
  @Param() value: unknown;
  run(): number {
    return 1;
  }
}

/** What a whole line may say instead of the JSON of a record. */
const jsons: [string, (json: string) => string][] = [
  ['no JSON', (json) => `{"task":oops${json.slice(1)}`],
  ['an empty object', () => '{}'],
  ['half of it', (json) => `${json.slice(0, 20)}}`],
  ['a task that is no text', (json) => json.replace('"Square"', '7')],
  ['a time that is none', (json) => json.replace(/"savedAt":\d+/, '"savedAt":1e300')],
  ['a duration that is none', (json) => json.replace(/"seconds":[^,]+/, '"seconds":null')],
  ['params that are none', (json) => json.replace(/"params":\{[^}]*\}/, '"params":[1]')],
  ['params nested without an end', (json) => json.replace(/"n":\d/, `"n":${'['.repeat(3_000)}${']'.repeat(3_000)}`)],
  ['directories that are none', (json) => json.replace(/\}$/, ',"directories":["/etc"]}')],
  ['refs that are none', (json) => json.replace('"seconds"', '"refs":{"a":1},"seconds"')],
];

describe.each(jsons)('an entry whose line is whole and whose JSON is %s', (_, change) => {
  const map = new Map<string, Uint8Array>();
  const storage = Storage.open(map);
  const runner = new Runner({ storage, onWarning: () => {} });
  let key: TaskKey;

  beforeEach(async () => {
    map.clear();
    await runner.run(Square, { n: 2 });
    await runner.run(Square, { n: 3 });
    key = await runner.key(Square, { n: 2 });
    map.set(key, forged(map.get(key)!, {}, change));
  });

  it('is one damaged entry in list, stats and plan, and the others are listed', async () => {
    const unreadable: string[] = [];
    const onUnreadable = (one: string) => void unreadable.push(one);
    expect((await collect(storage.list({ onUnreadable }))).map(({ params }) => params)).toEqual([{ n: 3 }]);
    expect(unreadable).toEqual([key]);
    expect([...(await storage.stats())].map(([task, { count }]) => [task, count])).toEqual([['Square', 1]]);
    await runner.plan(Square, { n: 2 });
  });

  it('gives the right result, and is removed by a clear or a delete', async () => {
    const { result } = await outcomeOf(runner.start(Square, { n: 2 }));
    expect(result).toEqual({ square: 4 });
    map.set(key, forged(map.get(key)!, {}, change));
    expect(await storage.delete(key)).toBe(true);
    expect(map.has(key)).toBe(false);
    await runner.clear(Square);
    expect([...map.keys()].filter((name) => name.startsWith('Square/'))).toEqual([]);
  });
});

it.each(['text', { an: 'object' }, 7])(
  'is one damaged entry when the store gives %j in place of bytes',
  async (value) => {
    const map = new Map<string, any>([['somebody/else', value]]);
    const storage = Storage.open({ ...mapStore(map) });
    const runner = new Runner({ storage, onWarning: () => {} });
    await runner.run([task(Square, { n: 2 }), task(Square, { n: 3 })]);
    const key = await runner.key(Square, { n: 2 });
    map.set(key, value);
    const unreadable: string[] = [];
    const records = await collect(storage.list({ onUnreadable: (one) => void unreadable.push(one) }));
    expect([records.map(({ params }) => params), unreadable]).toEqual([[{ n: 3 }], [key]]);
    expect((await storage.stats()).get('Square')!.count).toBe(1);
    await runner.clear(Square);
    expect([...map.keys()].filter((name) => !name.startsWith('@'))).toEqual(['somebody/else']);
  },
);

function mapStore(map: Map<string, any>) {
  return {
    copies: false,
    get: (key: string) => map.get(key),
    set: (key: string, bytes: Uint8Array) => void map.set(key, bytes),
    delete: (key: string) => map.delete(key),
    clear: () => map.clear(),
    keys: (prefix: string) => [...map.keys()].filter((key) => key.startsWith(prefix)),
  };
}

it('lists the others on the command line, names the damaged one, and removes it', async () => {
  const runner = new Runner({ storage: `file:${folder.path}/.tidemark` });
  await runner.run([task(Square, { n: 2 }), task(Square, { n: 3 })]);
  const [bad, good] = [await runner.key(Square, { n: 2 }), await runner.key(Square, { n: 3 })];
  const path = join(folder.path, '.tidemark', bad);
  writeFileSync(
    path,
    forged(readFileSync(path), {}, (json) => `{"task":oops${json.slice(1)}`),
  );
  const cli = (...args: string[]) => tidemark(args, { cwd: folder.path });
  const listed = await cli('ls');
  expect([listed.code, listed.out.includes(good), listed.out.includes(bad)]).toEqual([0, true, false]);
  expect(listed.err).toContain(`1 checkpoint cannot be read; tidemark rm deletes it:\n    ${bad}: its record`);
  expect((await cli('stats')).out).toMatch(/^Square\t1\t/);
  expect(await cli('rm', bad.slice(0, -8))).toMatchObject({ code: 0, out: `${bad}\n` });
  expect((await cli('ls')).err).toBe('');
});

const values: [string, unknown][] = [
  ['$date', { $date: 'yesterday' }],
  ['$bigint', { $bigint: null }],
  ['$task', { $task: 5 }],
  ['$task without a name', { $task: { params: { $date: 'x' } } }],
  ['$secret', { $secret: true }],
  ['$encrypted', { $encrypted: true }],
  ['$object', { $object: { $date: 'x' } }],
  ['$$date', { $$date: 7 }],
  ['$map', { $map: 'no entries' }],
  ['$undefined beside others', { $undefined: true, other: 1 }],
  ['in a Map', new Map<unknown, unknown>([[{ $date: 'x' }, { $regexp: 1 }]])],
  ['__proto__', JSON.parse('{"__proto__":{"$url":3}}')],
];

it.each(values)('distinguishes a param that looks like its own notation: %s', async (_, value) => {
  const storage = Storage.open('memory:');
  const runner = new Runner({ storage });
  await runner.run(Odd, { value });
  await runner.run(Odd, { value: new Date(5) });
  const records = await collect(storage.list());
  const texts = records.map(({ params }) => showRecorded(params));
  expect(texts[1]).toBe('{ value: 1970-01-01T00:00:00.005Z }');
  expect(texts[0]).not.toMatch(/\(secret\)|\(encrypted\)|Invalid|: undefined/);
  // No object in a record is of the notation, unless something else than an object was noted with it.
  const { value: noted } = records[0]!.params as { value: Record<string, unknown> };
  for (const name of Object.keys(noted)) expect(name === '$map' || !/^\$[^$]/.test(name)).toBe(true);
});

it('distinguishes two params, one of which looks like the notation of the other', async () => {
  const storage = Storage.open('memory:');
  const runner = new Runner({ storage });
  await runner.run(Odd, { value: new Date(5) });
  await runner.run(Odd, { value: { $date: 5 } });
  const [date, lookalike] = (await collect(storage.list())).map(({ params }) => params['value']);
  expect([date, lookalike]).toEqual([{ $date: 5 }, { $$date: 5 }]);
  expect(showRecorded({ value: lookalike })).toBe('{ value: { $date: 5 } }');
});

it.each<[unknown, string]>([
  [{ $date: 'yesterday' }, '{ $date: "yesterday" }'],
  [{ $date: 1e300 }, '{ $date: 1e+300 }'],
  [{ $date: null }, 'Invalid Date'],
  [{ $bigint: {} }, '{ $bigint: {} }'],
  [{ $task: null }, '{ $task: null }'],
  [{ $number: ['NaN'] }, '{ $number: ["NaN"] }'],
  [{ constructor: 1 }, '{ constructor: 1 }'],
])('reads whatever stands in a record: %j', (value, text) => {
  expect(showRecorded(value)).toBe(text);
});
