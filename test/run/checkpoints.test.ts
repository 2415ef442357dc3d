import 'reflect-metadata';
import { Param, Requires, Runner, Storage, Task, task } from 'tidemark';
import { collect } from '../support/collect';
import { noise } from '../support/noise';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { Left, outside, Right, reset, Source, Top, whatRan } from './fixtures/diamond';

const all = ['Left', 'Middle', 'Right', 'Source', 'Top'];
const result = { left: 'one!', right: [3] };
let store: ObservedStore;
let runner: Runner;

beforeEach(() => {
  reset();
  store = new ObservedStore();
  runner = new Runner({ storage: store, onWarning: () => {} });
});

it('loads a stored target and looks nothing up upstream', async () => {
  expect(await runner.run(Top)).toEqual(result);
  expect(whatRan()).toEqual(all);
  store.reads.length = 0;
  const again = await outcomeOf(runner.start(Top));
  expect(again.result).toEqual(result);
  expect(again.summary).toMatchObject({ ran: 0, loaded: 1, saved: 0 });
  expect(whatRan()).toEqual([]);
  expect(store.lookups).toEqual([await runner.key(Top)]);
});

it('looks each checkpoint up once in a run', async () => {
  await runner.run(Top);
  expect(store.lookups.sort()).toEqual(await Promise.all([Left, Right, Source, Top].map((cls) => runner.key(cls))));
});

it('computes a deleted intermediate again only when something must run that needs it', async () => {
  await runner.run(Top);
  await runner.storage.delete(await runner.key(Source));
  whatRan();
  await runner.run(Top);
  expect(whatRan()).toEqual([]);
  await runner.storage.delete(await runner.key(Top));
  await runner.run(Top);
  expect(whatRan()).toEqual(['Top']);
  await runner.storage.delete(await runner.key(Left));
  await runner.storage.delete(await runner.key(Top));
  await runner.run(Top);
  expect(whatRan()).toEqual(['Left', 'Middle', 'Source', 'Top']);
});

it('computes what depends on a param, and nothing else', async () => {
  await runner.run(Top);
  whatRan();
  expect(await runner.run(Top, { factor: 2 })).toEqual({ left: 'one!one!', right: [3] });
  expect(whatRan()).toEqual(['Left', 'Middle', 'Top']);
  await runner.run(Top, { name: 'b' });
  expect(whatRan()).toEqual(all);
});

it('takes no notice of params that are not part of the key', async () => {
  await runner.run(Top);
  whatRan();
  await runner.run(Top, { label: 'other' });
  await runner.run(Left, { label: 'another' });
  expect(whatRan()).toEqual([]);
});

it('computes what depends on a fingerprint that changed, and knows the old results when it changes back', async () => {
  await runner.run(Top);
  outside.text = 'three';
  whatRan();
  expect(await runner.run(Top)).toEqual({ left: 'three!', right: [5] });
  expect(whatRan()).toEqual(all);
  outside.text = 'one';
  expect(await runner.run(Top)).toEqual(result);
  expect(whatRan()).toEqual([]);
});

it('asks for a fingerprint once a node and run, and again after it ran', async () => {
  await runner.run(Top);
  expect(outside.fingerprints).toBe(2);
  await runner.run([Top, Right, Left]);
  expect(outside.fingerprints).toBe(3);
});

const versioned = (version: number) => {
  @Task({ save: true, version, name: 'Base' })
  class Base {
    run(): number {
      ranVersions.push(`Base ${version}`);
      return 1;
    }
  }
  @Task({ save: true, name: 'Upper' })
  class Upper {
    @Requires(() => task(Base)) base!: number;
    @Requires(Source) source!: unknown;
    run(): number {
      ranVersions.push('Upper');
      return this.base;
    }
  }
  return Upper;
};
const ranVersions: string[] = [];

it('computes what depends on a version that changed, and knows the old results when it changes back', async () => {
  await runner.run(versioned(1));
  await runner.run(versioned(1));
  expect(ranVersions.splice(0)).toEqual(['Base 1', 'Upper']);
  whatRan();
  await runner.run(versioned(2));
  expect(ranVersions.splice(0)).toEqual(['Base 2', 'Upper']);
  await runner.run(versioned(1));
  expect([...ranVersions, ...whatRan()]).toEqual([]);
});

it('computes everything, or some tasks and what comes from them, when it is forced', async () => {
  await runner.run(Top);
  whatRan();
  await runner.run(Top, {}, { force: true });
  expect(whatRan()).toEqual(all);
  await runner.run(Top, {}, { force: [Left] });
  expect(whatRan()).toEqual(['Left', 'Middle', 'Top']);
  await runner.run(Top, {}, { force: [Source] });
  expect(whatRan()).toEqual(all);
  await runner.run(Top, {}, { force: false });
  await runner.run(Top, {}, { force: [] });
  expect(whatRan()).toEqual([]);
});

let random = 0;

@Task({ save: true })
class Random {
  run(): number {
    return ++random;
  }
}

@Task({ save: true })
class FromRandom {
  @Requires(Random) random!: number;
  run(): number {
    return this.random;
  }
}

@Task({ save: true })
class Other {
  @Param() n = 0;
  @Requires(Random) random!: number;
  run(): number {
    return this.random;
  }
}

@Task()
class Both {
  @Requires(FromRandom) from!: number;
  @Requires(Other) other!: number;
  run(): number[] {
    return [this.from, this.other];
  }
}

it('does not use a checkpoint when what it came from was computed anew and came out different', async () => {
  await runner.run([FromRandom]);
  await runner.storage.delete(await runner.key(Random));
  const [from, other] = await runner.run(Both);
  expect(from).toBe(other);
  const again = await outcomeOf(runner.start([FromRandom, Other]));
  expect([again.summary.ran, again.result]).toEqual([0, [from, from]]);
});

it('still waits for what is computed anew when other requirements were loaded before', async () => {
  @Task({ save: true })
  class Slow {
    async run(): Promise<number> {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return ++random;
    }
  }
  @Task({ save: true })
  class Uses {
    @Requires(() => task(Slow)) slow!: number;
    @Requires(Random) random!: number;
    run(): number {
      return this.slow;
    }
  }
  @Task()
  class All {
    @Requires(() => [task(Uses), task(Slow), task(Random)]) all!: number[];
    run(): number[] {
      return this.all;
    }
  }
  await runner.run(Uses);
  await runner.storage.delete(await runner.key(Slow));
  const [uses, slow] = await runner.run(All);
  expect(uses).toBe(slow);
});

it('compares each requirement with its own digest, in whatever order the structure names them', async () => {
  let ran = 0;
  let isTurned = false;
  @Task({ save: true })
  class One {
    run(): number {
      return 1;
    }
  }
  @Task({ save: true })
  class Two {
    run(): number {
      return 2;
    }
  }
  @Task({ save: true })
  class Both {
    @Requires(() => (isTurned ? { two: task(Two), one: task(One) } : { one: task(One), two: task(Two) }))
    parts!: { one: number; two: number };
    run(): number {
      ran++;
      return this.parts.one + this.parts.two;
    }
  }
  expect(await runner.run([task(Both), task(One)])).toEqual([3, 1]);
  await runner.storage.delete(await runner.key(One));
  isTurned = true;
  expect(await runner.run([task(Both), task(One)])).toEqual([3, 1]);
  expect(ran).toBe(1);
});

let isLarge = false;

@Task({ save: true })
class Shapes {
  run(): unknown {
    return {
      when: new Date(5),
      map: new Map([[1, new Set(['x'])]]),
      zero: -0,
      list: [undefined, null, 10n],
      bytes: noise(isLarge ? 50_000 : 5),
      nan: Number.NaN,
    };
  }
}

it.each([false, true])('gives a first and a resumed run the same value (large: %s)', async (large) => {
  isLarge = large;
  const first = await runner.run(Shapes);
  const resumed = await new Runner({ storage: store }).run(Shapes);
  expect(resumed).toStrictEqual(first);
  expect(Object.is((resumed as { zero: number }).zero, -0)).toBe(true);
  const [record] = await collect(Storage.open(store).list());
  expect([record!.blob !== undefined, store.ofResults.length]).toEqual([large, large ? 2 : 1]);
});

it('keeps a record of where a result came from', async () => {
  const started = Date.now();
  await runner.run(Top, { factor: 2 });
  const [top] = await collect(runner.storage.list({ task: Top }));
  const [source] = await collect(runner.storage.list({ task: 'Source' }));
  const [right] = await collect(runner.storage.list({ task: Right }));
  const [left] = await collect(runner.storage.list({ task: Left }));
  expect(top).toEqual({
    key: await runner.key(Top, { factor: 2 }),
    task: 'Top',
    params: { name: 'a', factor: 2, label: 'plain' },
    source: expect.stringMatching(/^[0-9a-f]{16}$/),
    requires: [
      [left!.key, left!.digest],
      [right!.key, right!.digest],
    ],
    marks: [],
    dynamic: [],
    serializer: 'cbor',
    format: expect.any(String),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    size: expect.any(Number),
    plainSize: expect.any(Number),
    seconds: expect.any(Number),
    savedAt: expect.any(Date),
    savedBy: expect.stringContaining(`/${process.pid}`),
  });
  expect(top!.savedAt.getTime()).toBeGreaterThanOrEqual(started);
  expect(right!.requires).toEqual([[source!.key, source!.digest]]);
  expect(left!.requires).toEqual([[expect.stringMatching(/^Middle\//), null]]);
});

@Task({ save: true, version: 'v2' })
class Login {
  @Param({ secret: true }) password!: string;
  @Param({ secret: true, key: false }) token = 'tok-default-9d3f';
  @Param() user!: string;
  run(): string {
    if (this.user === 'nobody') throw new Error('no such user');
    return 'in';
  }
}

it('keeps secrets out of what it stores, tells and throws', async () => {
  const told: unknown[] = [];
  const secret = 'hunter2-secret';
  const params = { password: secret, token: 'tok-77aa', user: 'me' };
  const good = await outcomeOf(runner.start(Login, params));
  const bad = await outcomeOf(runner.start(Login, { ...params, user: 'nobody' }));
  const plan = await runner.plan(Login, params);
  told.push(
    good.events,
    bad.events,
    plan,
    bad.error.message,
    bad.error.errors[0],
    ...[...store.entries.values()].map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const text = require('node:util').inspect(told, { depth: 20, maxStringLength: null }) as string;
  expect(text).not.toMatch(/hunter2|tok-77aa/);
  expect(text).toContain("user: 'me'");
  expect((await collect(runner.storage.list({ task: Login })))[0]).toMatchObject({
    version: 'v2',
    params: { password: { $secret: true } },
  });
});
