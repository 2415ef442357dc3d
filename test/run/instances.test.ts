import 'reflect-metadata';
import { join } from 'node:path';
import { type Container, DeclarationError, Param, Requires, RunFailedError, Runner, Task, task } from 'tidemark';
import { Inject, Service, Container as Typedi } from 'typedi';
import { runChild } from '../support/child';

@Service()
class Clock {
  now = 5;
}

@Task()
class Timed {
  @Param() plus!: number;
  @Inject() other!: Clock;
  constructor(readonly clock: Clock) {}
  run(): number {
    return this.clock.now + this.other.now + this.plus;
  }
}

@Task()
class Counted {
  @Param() n!: number;
  @Requires(({ n }) => (n > 0 ? task(Counted, { n: n - 1 }) : 0)) before!: number;
  seen: number[] = [];
  run(): number {
    this.seen.push(this.n);
    return this.before + this.seen.length;
  }
}

@Service()
@Task()
class Singleton {
  @Param() n!: number;
  constructor(readonly clock: Clock) {}
  run(): number {
    return this.n;
  }
}

it('gets services from typedi, by constructor and by property', async () => {
  Typedi.get(Clock).now = 10;
  expect(await new Runner({ storage: 'memory:' }).run(Timed, { plus: 1 })).toBe(21);
});

it('takes instances from a container that answers later', async () => {
  const container: Container = {
    resolve: async (cls) => ((cls as unknown) === Timed ? (new cls({ now: 1 }, {}) as any) : new cls()),
  };
  const runner = new Runner({ storage: 'memory:', container });
  expect(await runner.run(Counted, { n: 3 })).toBe(4);
});

it('runs each task on an instance of its own', async () => {
  expect(await new Runner({ storage: 'memory:' }).run(Counted, { n: 10 })).toBe(11);
});

@Task()
class Plain {
  @Param() n!: number;
  run(): number {
    return this.n;
  }
}

it('refuses a container that hands out an instance twice', async () => {
  const instances = new Map<unknown, object>();
  const resolve: Container['resolve'] = (cls) => {
    if (!instances.has(cls)) instances.set(cls, new cls());
    return instances.get(cls) as any;
  };
  for (const container of [{ resolve }, { resolve: async (cls) => resolve(cls) } as Container]) {
    instances.clear();
    await expect(
      new Runner({ storage: 'memory:', container }).run([task(Plain, { n: 0 }), task(Plain, { n: 1 })]),
    ).rejects.toThrow(/same instance twice for Plain/);
    instances.clear();
    const runner = new Runner({ storage: 'memory:', container });
    expect(await runner.run(Plain, { n: 0 })).toBe(0);
    await expect(runner.run(Plain, { n: 0 })).rejects.toThrow(/same instance twice for Plain/);
  }
});

it('refuses a container that gives nothing', async () => {
  const container = { resolve: () => undefined } as unknown as Container;
  await expect(new Runner({ storage: 'memory:', container }).run(Plain, { n: 0 })).rejects.toThrow(
    'the container gave undefined for Plain',
  );
});

it('leaves no rejection unhandled when a container that answers later fails', async () => {
  const said = await runChild(join(__dirname, 'fixtures/container-fails-later.ts'));
  expect(said).toEqual({ failure: 'RunFailedError', uncaught: [] });
});

it('refuses a task that typedi keeps as a singleton', async () => {
  const runner = new Runner({ storage: 'memory:' });
  await expect(runner.run([task(Singleton, { n: 1 }), task(Singleton, { n: 2 })])).rejects.toThrow(
    /same instance twice for Singleton/,
  );
});

it('says which task a container cannot make, and why', async () => {
  const container: Container = {
    resolve() {
      throw new Error('no such provider');
    },
  };
  const error = await new Runner({ storage: 'memory:', container }).run(Counted, { n: 0 }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(RunFailedError);
  expect(error.errors[0].cause).toBeInstanceOf(DeclarationError);
  expect(error.message).toContain('Counted cannot be instantiated: no such provider');
});
