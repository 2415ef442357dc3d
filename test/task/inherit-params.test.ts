import { Param, Requires, Runner, Task, type TaskRef, task } from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import { z } from 'zod';
import { graphOf, messageOf, requiredBy } from '../graph/graph-of';

@Task()
class Load {
  @Param() path!: string;
  @Param() limit = 3;
  @Param({ optional: true }) note?: string;
  run() {
    return [1];
  }
}
@Task()
class Untouched {
  run() {}
}

/** The params of the first requirement of a target. */
async function handed(target: unknown): Promise<unknown> {
  const graph = await graphOf(target);
  return requiredBy(graph, graph.targets[0]!)[0]!.params;
}
const messageFor = (target: unknown) => messageOf(() => graphOf(target));

it('passes to a required task the params that both classes declare', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() note = 'n';
    @Param() own = 1;
    @Requires(Load) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a', own: 2 }))).toEqual({ path: 'a', limit: 3, note: 'n' });
  @Task()
  class Nothing {
    @Param() path = 'a';
    @Requires(Untouched) it!: void;
    run() {}
  }
  expect(await handed(Nothing)).toEqual({});
});

it('passes them to a class in a structure, too', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Requires(() => [Load]) rows!: [number[]];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a' }))).toEqual({ path: 'a', limit: 3 });
  @Task()
  class Later {
    @Param() path!: string;
    @Requires(() => Load) rows!: number[];
    run() {}
  }
  expect(await handed(task(Later, { path: 'b' }))).toEqual({ path: 'b', limit: 3 });
});

it('passes nothing to a ref', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 9;
    @Requires(() => task(Load, { path: 'other' })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a' }))).toEqual({ path: 'other', limit: 3 });
});

it('prefers explicit params to inherited ones', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit!: number;
    @Requires(Load, (self) => ({ path: `${self.path}.gz` })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a', limit: 5 }))).toEqual({ path: 'a.gz', limit: 5 });
});

it('treats an explicit undefined as absent: the inherited value stays', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 3;
    @Requires(Load, () => ({ limit: undefined, note: undefined })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a', limit: 7 }))).toEqual({ path: 'a', limit: 7 });
});

it('passes an absent optional param on as absent', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param({ optional: true }) limit?: number;
    @Requires(Load) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a' }))).toEqual({ path: 'a', limit: 3 });
  expect(await handed(task(Uses, { path: 'a', limit: 4 }))).toEqual({ path: 'a', limit: 4 });
});

it('passes on refs, frozen values and values that are copied', async () => {
  @Task()
  class Inner {
    @Param() model!: TaskRef<unknown>;
    @Param() seeds!: number[];
    @Param() at!: Date;
    run() {}
  }
  @Task()
  class Outer {
    @Param() model!: TaskRef<unknown>;
    @Param() seeds = [1];
    @Param() at = new Date(4);
    @Requires(Inner) inner!: void;
    run() {}
  }
  const model = task(Untouched);
  expect(await handed(task(Outer, { model }))).toEqual({ model, seeds: [1], at: new Date(4) });
});

it('rejects a required param that the requiring task lacks, and names both', async () => {
  @Task()
  class Uses {
    @Requires(Load) rows!: number[];
    run() {}
  }
  @Task()
  class Above {
    @Requires(Uses) uses!: void;
    run() {}
  }
  expect(await messageFor(Above)).toBe(
    'Uses.rows requires Load, and its param path is not a param of Uses. Pass it explicitly: @Requires(Load, (self) => ({ path: … }))\n    at Uses\n    required by Above',
  );
});

it('rejects different defaults, and names both', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 5;
    @Requires(Load) rows!: number[];
    run() {}
  }
  expect(await messageFor(task(Uses, { path: 'a' }))).toBe(
    "Uses.rows requires Load, and the default of limit is 5 in Uses and 3 in Load. Pass it explicitly: @Requires(Load, (self) => ({ limit: … }))\n    at Uses({ limit: 5, path: 'a' })",
  );
});

it('does not compare given values with defaults', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 5;
    @Requires(Load) rows!: number[];
    run() {}
  }
  for (const limit of [4, 5, 3]) expect(await handed(task(Uses, { path: 'a', limit }))).toEqual({ path: 'a', limit });
});

describe('defaults that change', () => {
  let ticks = 0;
  const sources: Readonly<Record<string, () => unknown>> = {
    'a count': () => ticks++,
    'the time': () => Date.now(),
    'a date': () => new Date(),
    'a time in seconds': () => Math.floor(Date.now() / 1_000),
    'one of few random numbers': () => Math.floor(Math.random() * 3),
    'a coin': () => Math.random() < 0.5,
  };

  it.each(Object.entries(sources))('are never rejected, and are passed on: %s', async (_, read) => {
    for (let i = 0; i < 40; i++) {
      @Task()
      class Inner {
        @Param() since = read();
        run() {}
      }
      @Task()
      class Outer {
        @Param() since = read();
        @Requires(Inner) inner!: void;
        run() {}
      }
      const { nodes } = await graphOf(Outer);
      expect(nodes[1]!.params).toEqual(nodes[0]!.params);
    }
  });

  it('are never rejected, even if the two always differ', async () => {
    for (let i = 0; i < 20; i++) {
      @Task()
      class Inner {
        @Param() since = Date.now() - 1_000;
        run() {}
      }
      @Task()
      class Outer {
        @Param() since = Date.now();
        @Requires(Inner) inner!: void;
        run() {}
      }
      const { nodes } = await graphOf(Outer);
      expect(nodes[1]!.params).toEqual(nodes[0]!.params);
    }
  });

  it('are read once per run', async () => {
    let reads = 0;
    @Task()
    class Inner {
      @Param() since = reads++;
      @Param() fixed = 1;
      run() {
        return this.since;
      }
    }
    @Task()
    class Outer {
      @Requires(() => [task(Inner, {}), task(Inner, { fixed: 2 })]) inner!: number[];
      run(): TaskRef<number>[] {
        return this.inner.map(() => task(Inner, { fixed: 3 }));
      }
    }
    const runner = new Runner({ storage: 'memory:' });
    const planned = async () => (await runner.plan(Inner)).nodes[0]!.params['since'];
    const [first] = await runner.run(Outer);
    // Each of the three instances that run reads it, too, but runs with the value of the plan.
    expect(await runner.run(Outer)).not.toContain(first);
    expect(await planned()).not.toBe(await planned());
    expect(await runner.key(Inner)).not.toBe(await runner.key(Inner));
    expect(new Set(await runner.run([Inner, task(Inner, { fixed: 2 })])).size).toBe(1);
    expect(new Set(await runner.run(Outer)).size).toBe(1);
  });
});

it('accepts different defaults if the param is explicit', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 5;
    @Requires(Load, ({ limit }) => ({ limit })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a' }))).toEqual({ path: 'a', limit: 5 });
});

it('accepts defaults of equal content', async () => {
  @Task()
  class Inner {
    @Param() options = { a: [1, new Map([['k', new Date(0)]])] };
    @Param() ref = task(Load, { path: 'a' });
    run() {}
  }
  @Task()
  class Outer {
    @Param() options = { a: [1, new Map([['k', new Date(0)]])] };
    @Param() ref = task(Load, { path: 'a' });
    @Requires(Inner) inner!: void;
    run() {}
  }
  expect((await graphOf(Outer)).nodes).toHaveLength(3);
});

it('rejects a value that does not fit the required task, and names that task', async () => {
  @Task()
  class Uses {
    @Param() path!: unknown;
    @Requires(Load) rows!: number[];
    run() {}
  }
  expect(await messageFor(task(Uses, { path: 3 }))).toBe(
    'Load: the param path must be a String, but is 3\n    at Uses({ path: 3 })',
  );
});

it('rejects a requirement as an explicit param', async () => {
  @Task()
  class Uses {
    @Requires(Load, () => ({ path: 'a', run: 3 }) as {}) rows!: number[];
    run() {}
  }
  expect(await messageFor(Uses)).toBe('Load has no param run; it has limit, note, path\n    at Uses');
});

describe('the inherited value is the given one, before its schema', () => {
  const percent = z.number().transform((n) => n / 100);
  const under = z.string().transform((name) => `data/${name}`);

  @Task()
  class Child {
    @Param(percent) rate!: number;
    @Param(under) file!: string;
    run() {
      return `${this.rate} ${this.file}`;
    }
  }
  const bothWays: Readonly<Record<string, unknown>> = {
    'a class': Requires(Child),
    'a class in a structure': Requires(() => [Child]),
    'a class, some of whose params are written out': Requires(Child, () => ({ file: 'a.csv' })),
    'a class that is declared later': Requires(
      () => Child,
      () => ({}),
    ),
  };

  it.each(Object.entries(bothWays))('to %s', async (_, decorate) => {
    @Task()
    class Parent {
      @Param(percent) rate!: number;
      @Param(under) file!: string;
      child!: unknown;
      run() {
        return `${this.rate} ${this.file}, ${this.child}`;
      }
    }
    (decorate as (target: object, name: string) => void)(Parent.prototype, 'child');
    expect(await new Runner({ storage: 'memory:' }).run(Parent, { rate: 5, file: 'a.csv' })).toBe(
      '0.05 data/a.csv, 0.05 data/a.csv',
    );
  });

  it('through a chain, and to a class without a schema', async () => {
    @Task()
    class Raw {
      @Param() rate!: number;
      run() {
        return this.rate;
      }
    }
    @Task()
    class Middle {
      @Param(percent) rate!: number;
      @Requires(Raw) raw!: number;
      run() {
        return [this.rate, this.raw];
      }
    }
    @Task()
    class Top {
      @Param(percent) rate = 5;
      @Requires(Middle) middle!: number[];
      run() {
        return [this.rate, ...this.middle];
      }
    }
    const runner = new Runner({ storage: 'memory:' });
    expect(await runner.run(Top)).toEqual([0.05, 0.05, 5]);
    expect(await runner.run(Top, { rate: 10 })).toEqual([0.1, 0.1, 10]);
  });

  it('so nodes differ although a schema maps their params to the same value, if their requirements differ', async () => {
    @Task()
    class Raw {
      @Param() name!: string;
      run() {
        return this.name;
      }
    }
    @Task()
    class Trims {
      @Param(z.string().trim()) name!: string;
      @Requires(Raw) raw!: string;
      run() {
        return this.raw;
      }
    }
    const refs = [' a', 'a', 'a '].map((name) => task(Trims, { name }));
    expect(await new Runner({ storage: 'memory:' }).run(refs)).toEqual([' a', 'a', 'a ']);
    expect(await new Runner({ storage: 'memory:' }).run(refs.reverse())).toEqual(['a ', 'a', ' a']);
    @Task()
    class TrimsLater {
      @Param(z.string().trim()) name!: string;
      @Requires(() => Raw) raw!: string;
      run() {
        return this.raw;
      }
    }
    const later = [' a', 'a'].map((name) => task(TrimsLater, { name }));
    const message =
      /^TrimsLater\({ name: 'a' }\) received different values that its schemas map to the same value, and passes them on/;
    expect(await messageFor(later)).toMatch(message);
    expect(await messageFor([later[1], [later[0]]])).toMatch(message);
    expect(await new Runner({ storage: 'memory:' }).run(later[0]!)).toBe(' a');
    @Task()
    class TrimsDefault {
      @Param(z.string().trim()) name = 'a';
      @Requires(() => Raw) raw!: string;
      run() {
        return this.raw;
      }
    }
    const defaulted = [task(TrimsDefault, { name: ' a' }), task(TrimsDefault)];
    const sameMessage = /^TrimsDefault\({ name: 'a' }\) received different values/;
    expect(await messageFor(defaulted)).toMatch(sameMessage);
    expect(await messageFor(defaulted.reverse())).toMatch(sameMessage);
  });

  describe('with a value that a schema supplies', () => {
    const ask = async (mine: StandardSchema<any, any>, theirs: StandardSchema<any, any> | undefined) => {
      @Task()
      class Inner {
        run() {
          return (this as unknown as { rate: number }).rate;
        }
      }
      (theirs ? Param(theirs) : (Param as () => any)())(Inner.prototype, 'rate');
      @Task()
      class Outer {
        @Param(mine) rate!: any;
        @Requires(Inner) inner!: number;
        run() {
          return [this.rate, this.inner];
        }
      }
      return new Runner({ storage: 'memory:' }).run(Outer);
    };
    const filling = z
      .number()
      .default(5)
      .transform((n) => n / 100);

    it('that the other schema supplies, too', async () => {
      expect(await ask(filling, filling)).toEqual([0.05, 0.05]);
    });

    it('that the other schema accepts unchanged', async () => {
      expect(await ask(filling, undefined)).toEqual([0.05, 0.05]);
      expect(await ask(filling, z.number().max(1))).toEqual([0.05, 0.05]);
    });

    it('that the other schema would change: it must be explicit', async () => {
      await expect(ask(filling, percent)).rejects.toThrow(
        'Outer requires Inner, and the schema of rate in Outer supplies 0.05 by default, which the schema in Inner changes. Pass it explicitly: @Requires(Inner, (self) => ({ rate: … }))',
      );
      const async7 = z
        .number()
        .default(7)
        .transform(async (n) => n / 100);
      await expect(ask(filling, async7)).rejects.toThrow('which the schema in');
    });
  });

  it('in results with refs, in their records, and in params', async () => {
    @Task({ save: true })
    class Gives {
      run(): TaskRef<string> {
        return task(Child, { rate: 5, file: 'x' });
      }
    }
    @Task({ save: true })
    class Uses {
      @Requires(Gives) it!: string;
      run() {
        return this.it;
      }
    }
    @Task()
    class ByParam {
      @Param() ref!: TaskRef<string>;
      @Requires((self) => self.ref) it!: string;
      run() {
        return this.it;
      }
    }
    const storage = new Map();
    for (const what of [Gives, Uses, Gives, Uses]) {
      const run = new Runner({ storage }).start(what);
      expect(await run.result).toBe('0.05 data/x');
      run.summary.catch(() => {});
    }
    const run = new Runner({ storage }).start(Uses);
    await run.result;
    expect(await run.summary).toMatchObject({ ran: 0, loaded: 1 });
    const ref = task(Child, { rate: 5, file: 'x' });
    expect(await new Runner({ storage }).run(ByParam, { ref })).toBe('0.05 data/x');
  });

  it('even if it is not data, but the schema converts it to data', async () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const cents = z.union([z.instanceof(Money).transform((money) => money.cents), z.number()]);
    @Task()
    class Costs {
      @Param(cents) price!: number;
      run() {
        return this.price;
      }
    }
    @Task()
    class Buys {
      @Param(cents) price!: number;
      @Requires(Costs) costs!: number;
      run(): [number, TaskRef<number>] {
        return [this.costs, task(Costs, { price: 3 })];
      }
    }
    @Task({ save: true })
    class Sums {
      @Param(cents) price!: number;
      @Requires(Buys) bought!: [number, number];
      run() {
        return this.bought;
      }
    }
    const price = new Money(250) as never;
    expect(await new Runner({ storage: 'memory:' }).run(Sums, { price })).toEqual([250, 3]);
  });
});
