import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Param, Requires, Task, task } from 'tidemark';
import { goldenKeys } from './fixtures/golden';
import golden from './fixtures/golden-keys.json';
import { keyOf, keysOf, messageOf } from './graph-of';

const register = join(__dirname, '../support/register.js');
const fixture = join(__dirname, 'fixtures/golden.ts');

@Task()
class Value {
  @Param({ optional: true }) x?: unknown;
  run() {}
}
@Task()
class Load {
  @Param() path = 'a';
  @Param({ key: false }) verbose = false;
  run() {
    return [1];
  }
}

// Saved results are found by these keys: a change here invalidates all of them.
it('does not change between releases', async () => {
  expect(await goldenKeys()).toEqual(golden);
});

it('hashes the name, the version, the params, the fingerprint and the requirements, in this order', () => {
  const text = 'tidemark-key-1:s3:Oneu{s1:nd1.5;}u{}';
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  expect(golden['one number']).toBe(`One/${hash}`);
});

it('makes the same keys in another process', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['-r', register, fixture]);
  expect(JSON.parse(stdout)).toEqual(golden);
});

it('makes the same keys in a worker thread', async () => {
  const worker = new Worker(fixture, { execArgv: ['-r', register] });
  const [keys] = await once(worker, 'message');
  expect(keys).toEqual(golden);
  await worker.terminate();
});

it('differs for different inputs: all golden keys are unique', () => {
  expect(new Set(Object.values(golden)).size).toBe(Object.keys(golden).length);
});

it('ignores absent values, explicit defaults and order', async () => {
  expect(await keyOf(task(Load, {}))).toBe(await keyOf(task(Load, { path: 'a' })));
  expect(await keyOf(task(Value, { x: undefined }))).toBe(await keyOf(Value));
  expect(await keyOf(task(Value, { x: { a: 1, b: -0 } }))).toBe(
    await keyOf(task(Value, { x: { b: 0, a: 1, c: undefined } })),
  );
});

it('differs for different params, even if plain text would not show it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything({ maxDepth: 1 }), fc.anything({ maxDepth: 1 }), async (a, b) => {
      const [one, other] = await keysOf([task(Value, { x: [a, 1] }), task(Value, { x: [b, '1'] })]);
      expect(one).not.toBe(other);
    }),
    { numRuns: 300 },
  );
});

it('does not change with a param that is not part of it', async () => {
  const [quiet, loud, other] = await keysOf([
    task(Load, { verbose: false }),
    task(Load, { verbose: true }),
    task(Load, { path: 'b' }),
  ]);
  expect(loud).toBe(quiet);
  expect(other).not.toBe(quiet);
});

it('does not change with such a param of a required task or of a ref in params', async () => {
  @Task()
  class Uses {
    @Param() verbose!: boolean;
    @Requires(Load) rows!: number[];
    run() {}
  }
  const carrying = (verbose: boolean) => task(Value, { x: task(Load, { verbose }) });
  expect(await keyOf(carrying(true))).toBe(await keyOf(carrying(false)));
  @Task({ name: 'Uses' })
  class UsesUnkeyed {
    @Param({ key: false }) verbose!: boolean;
    @Requires(Load) rows!: number[];
    run() {}
  }
  expect(await keyOf(task(UsesUnkeyed, { verbose: true }))).toBe(await keyOf(task(UsesUnkeyed, { verbose: false })));
  expect(await keyOf(task(Uses, { verbose: true }))).not.toBe(await keyOf(task(Uses, { verbose: false })));
});

it('changes with the fingerprint, the version and the structure of requirements', async () => {
  const keys = [await keyOf(Load), await keyOf(Load, ''), await keyOf(Load, 'undefined'), await keyOf(Load, 'v2')];
  for (const version of [1, '1', 2]) {
    @Task({ name: 'Load', version })
    class Versioned extends Load {}
    keys.push(await keyOf(Versioned));
  }
  const structures = [
    () => Load,
    () => [Load],
    () => [[Load]],
    () => ({ a: Load }),
    () => ({ b: Load }),
    () => task(Load).at(0),
    () => [Load, 1],
    () => [Load, '1'],
    () => [Load, Load],
  ];
  for (const structure of structures) {
    @Task()
    class Uses {
      @Requires(structure as () => any) it!: unknown;
      run() {}
    }
    keys.push(await keyOf(Uses));
  }
  expect(new Set(keys).size).toBe(keys.length);
});

it('depends on the keys of all requirements, however far away', async () => {
  @Task()
  class Middle {
    @Requires(Load) rows!: number[];
    run() {}
  }
  @Task()
  class Top {
    @Requires(Middle) middle!: void;
    run() {}
  }
  @Task({ name: 'Load', version: 2 })
  class LoadAgain {
    @Param() path = 'a';
    run() {
      return [1];
    }
  }
  @Task({ name: 'Middle' })
  class MiddleAgain {
    @Requires(LoadAgain) rows!: number[];
    run() {}
  }
  @Task({ name: 'Top' })
  class TopAgain {
    @Requires(MiddleAgain) middle!: void;
    run() {}
  }
  expect(await keyOf(TopAgain)).not.toBe(await keyOf(Top));
});

describe('a key by key(params)', () => {
  @Task({ key: ({ id }: { id: string }) => id })
  class Own {
    @Param() id!: string;
    @Param() n = 1;
    @Param({ key: false }) quiet = true;
    run() {}
  }

  it('is used unchanged', async () => {
    expect(await keyOf(task(Own, { id: 'iris-2024.01' }))).toBe('Own/iris-2024.01');
    expect(await keyOf(task(Own, { id: '../../etc' }))).toBe('Own/%2E.%2F..%2Fetc');
  });

  it('has the hash of other inputs as a suffix', async () => {
    expect(await keyOf(task(Own, { id: 'a' }), 'state')).toMatch(/^Own\/a-[0-9a-f]{32}$/);
    expect(await keyOf(task(Own, { id: 'a' }), 'state')).not.toBe(await keyOf(task(Own, { id: 'a' }), 'other'));
  });

  it('is rejected for two nodes with different params', async () => {
    const message = await messageOf(() => keysOf([task(Own, { id: 'a', n: 1 }), task(Own, { id: 'a', n: 2 })]));
    expect(message).toContain(
      "Own({ id: 'a', n: 1, quiet: true }) and Own({ id: 'a', n: 2, quiet: true }) have the same key Own/a, but different params",
    );
    expect(message).toContain('@Param({ key: false })');
  });

  it('may be shared if only params outside of the key differ', async () => {
    const keys = await keysOf([task(Own, { id: 'a', quiet: true }), task(Own, { id: 'a', quiet: false })]);
    expect(keys).toEqual(['Own/a', 'Own/a']);
  });

  it.each([
    ['', "''"],
    [undefined, 'undefined'],
    [3, '3'],
    [{}, '{}'],
  ])('is rejected if it is %j', async (key, shown) => {
    @Task({ key: () => key as string })
    class Odd {
      @Param() n = 1;
      run() {}
    }
    expect(await messageOf(() => keyOf(Odd))).toContain(
      `key(params) of Odd({ n: 1 }) returned ${shown}; it must return a non-empty string`,
    );
  });

  it('names its task when it throws', async () => {
    @Task({ key: (params: { x: unknown }) => (params.x as string[])[0]!.trim() })
    class Throws {
      @Param() x: unknown = [];
      run() {}
    }
    expect(await messageOf(() => keyOf(Throws))).toMatch(/key\(params\) of Throws\({ x: \[\] }\) failed: Cannot read/);
  });
});

it('names the requirement that contains a value that cannot be part of a key', async () => {
  @Task()
  class Odd {
    @Requires(() => [Load, new (class Model {})()]) all!: unknown;
    run() {}
  }
  @Task()
  class Above {
    @Requires(Odd) odd!: void;
    run() {}
  }
  const message = await messageOf(() => keyOf(Above));
  expect(message).toContain('Odd.all: an instance of Model cannot be part of a key');
  expect(message).toContain('at Odd\n    required by Above');
});
