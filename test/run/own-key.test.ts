import { setTimeout as wait } from 'node:timers/promises';
import { aesGcm, encoder, Param, Requires, Runner, Storage, Task, task } from 'tidemark';

@Task({ key: ({ user }: { user: string }) => user, save: true })
class Own {
  @Param() user!: string;
  @Param() limit = 1;
  @Param({ optional: true }) tag?: string;
  @Param({ key: false }) quiet = true;
  @Param({ secret: true, optional: true }) token?: string;
  async run(): Promise<string> {
    await wait(5);
    return `${this.user} ${this.limit}`;
  }
}

/** Another program with fewer params, and the same keys. */
function before() {
  @Task({ name: 'Own', key: ({ user }: { user: string }) => user, save: true })
  class Before {
    @Param() user!: string;
    run(): string {
      return 'before';
    }
  }
  return Before;
}

const run = (storage: any, params: object, options = {}) =>
  new Runner({ storage, onWarning: () => {}, ...options }).run(task(Own, { user: 'a', ...params } as { user: string }));

const refusal =
  "Own({ limit: 2, quiet: true, user: 'a' }) has the key Own/a, under which a result with other params is saved (limit: 1): let key(params) distinguish them, or mark irrelevant params with @Param({ key: false }). If the saved result is obsolete, clear it";

describe('the result of other params under a key of the task’s own making', () => {
  it.each([
    ['in memory', () => new Map()],
    [
      'encrypted',
      () => Storage.open(new Map(), { encoder: encoder({ encrypter: aesGcm({ key: 'a long passphrase' }) }) }),
    ],
    ['in a chain', () => Storage.chain(Storage.open('memory:'), Storage.open(new Map()), { write: 'all' })],
  ])('is refused %s', async (_, open) => {
    const storage = open();
    expect(await run(storage, { limit: 1 })).toBe('a 1');
    await expect(run(storage, { limit: 2 })).rejects.toThrow(refusal);
    // It is not the storage that fails.
    await expect(run(storage, { limit: 2 }, { onStorageError: 'compute' })).rejects.toThrow(refusal);
    expect(await run(storage, { limit: 1 })).toBe('a 1');
  });

  it('is refused by plans, and in what a task requires', async () => {
    @Task()
    class Above {
      @Requires(() => task(Own, { user: 'a', limit: 2 })) own!: string;
      run() {}
    }
    const runner = new Runner({ storage: 'memory:' });
    await runner.run(Own, { user: 'a' });
    await expect(runner.plan(Own, { user: 'a', limit: 2 })).rejects.toThrow(refusal);
    await expect(runner.run(Above)).rejects.toThrow(refusal);
  });

  it.each([
    ['a param that is no part of keys', { quiet: false }, { quiet: true }],
    ['nothing but how the default is given', {}, { limit: 1 }],
  ])('is that of the same params when what differs is %s', async (_, first, second) => {
    const storage = new Map();
    await run(storage, first);
    expect(await run(storage, second)).toBe('a 1');
  });

  it('is refused when an optional param is given, or not given any more', async () => {
    const storage = new Map();
    await run(storage, {});
    await expect(run(storage, { tag: 't' })).rejects.toThrow('is saved (no tag)');
    const other = new Map();
    await run(other, { tag: 't' });
    await expect(run(other, {})).rejects.toThrow("is saved (tag: 't')");
  });

  it('counts when a param has been added since, with a default', async () => {
    const storage = new Map();
    await new Runner({ storage }).run(before(), { user: 'a' });
    expect(await run(storage, {})).toBe('before');
    await expect(run(storage, { limit: 2 })).rejects.toThrow('is saved (no limit)');
  });

  it('is replaced once it was cleared', async () => {
    const runner = new Runner({ storage: 'memory:' });
    await runner.run(Own, { user: 'a', limit: 1 });
    await runner.clear(Own, { user: 'a', limit: 2 });
    expect(await runner.run(Own, { user: 'a', limit: 2 })).toBe('a 2');
  });

  it('is refused while another run computes it', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const [one, other] = await Promise.allSettled([
      runner.run(Own, { user: 'a', limit: 1 }),
      runner.run(Own, { user: 'a', limit: 2 }),
    ]);
    expect(one).toMatchObject({ value: 'a 1' });
    expect(String((other as PromiseRejectedResult).reason)).toContain('the same key Own/a, but different params');
  });

  it('is refused in what refs of results lead to', async () => {
    @Task()
    class Leads {
      @Param() limit!: number;
      run() {
        return [task(Own, { user: 'a', limit: this.limit })];
      }
    }
    const both = new Runner({ storage: 'memory:' }).run([task(Leads, { limit: 1 }), task(Leads, { limit: 2 })]);
    await expect(both).rejects.toThrow('the same key Own/a, but different params');
  });
});

it('params of all kinds are the same when they are saved and read', async () => {
  @Task({ save: true })
  class Inner {
    @Param() n = 1;
    run() {}
  }
  @Task({ key: () => 'k', save: true })
  class Odd {
    @Param() value!: any;
    run() {
      return 1;
    }
  }
  const values = () => ({
    a: [undefined, null, -0, Number.NaN, 10n, 'ü'],
    b: new Date(5),
    c: new Map<unknown, unknown>([[{ x: 1 }, new Set([2, 1])]]),
    d: /x/g,
    e: new URL('http://x/'),
    f: new Uint8Array(100),
    g: { $date: 'no' },
    h: task(Inner, {}),
  });
  const storage = new Map();
  await new Runner({ storage }).run(Odd, { value: values() });
  expect(await new Runner({ storage }).run(Odd, { value: values() })).toBe(1);
  await new Runner({ storage }).run(Odd, { value: { ...values(), h: task(Inner, { n: 1 }) } });
  const others = {
    a: [0],
    b: new Date(6),
    c: new Map(),
    e: new URL('http://y/'),
    f: new Uint8Array(99),
    g: { $date: 'o' },
  };
  for (const [name, other] of Object.entries(others))
    await expect(new Runner({ storage }).run(Odd, { value: { ...values(), [name]: other } })).rejects.toThrow('Odd/k');
  const ref = task(Inner, { n: 1 });
  const inner = new Map();
  await new Runner({ storage: inner }).run(Odd, { value: ref });
  await expect(new Runner({ storage: inner }).run(Odd, { value: task(Inner, { n: 2 }) })).rejects.toThrow('Odd/k');
});
