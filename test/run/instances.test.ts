import 'reflect-metadata';
import { type Container, DeclarationError, Param, Requires, Runner, Task, task } from 'tidemark';
import { Container as Typedi, Inject, Service } from 'typedi';

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
  const container: Container = { resolve: async (cls) => (cls as unknown) === Timed ? (new cls({ now: 1 }, {}) as any) : new cls() };
  const runner = new Runner({ storage: 'memory:', container });
  expect(await runner.run(Counted, { n: 3 })).toBe(4);
});

it('runs each task on an instance of its own', async () => {
  expect(await new Runner({ storage: 'memory:' }).run(Counted, { n: 10 })).toBe(11);
});

it('refuses a container that hands out an instance twice', async () => {
  const instances = new Map<unknown, object>();
  const resolve: Container['resolve'] = (cls) => {
    if (!instances.has(cls)) instances.set(cls, new cls());
    return instances.get(cls) as any;
  };
  for (const container of [{ resolve }, { resolve: async (cls) => resolve(cls) } as Container]) {
    instances.clear();
    const error = await new Runner({ storage: 'memory:', container }).run(Counted, { n: 0 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toMatch(/Counted.*same instance twice/s);
  }
});

it('refuses a task that typedi keeps as a singleton', async () => {
  const runner = new Runner({ storage: 'memory:' });
  await expect(runner.run([task(Singleton, { n: 1 }), task(Singleton, { n: 2 })])).rejects.toThrow(/Singleton.*same instance twice/s);
});

it('says which task a container cannot make, and why', async () => {
  const container: Container = {
    resolve() {
      throw new Error('no such provider');
    },
  };
  const error = await new Runner({ storage: 'memory:', container }).run(Counted, { n: 0 }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(DeclarationError);
  expect(error.message).toContain('Counted cannot be made: no such provider');
});
