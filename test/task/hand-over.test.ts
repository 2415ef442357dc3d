import { Param, Requires, Task, type TaskRef, task } from 'tidemark';
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

/** The params that the first requirement of a target is given. */
async function handed(target: unknown): Promise<unknown> {
  const graph = await graphOf(target);
  return requiredBy(graph, graph.targets[0]!)[0]!.params;
}
const messageFor = (target: unknown) => messageOf(() => graphOf(target));

it('gives a required task the params that both classes declare', async () => {
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

it('gives them by a class in a structure, too', async () => {
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

it('gives a ref only what is written in it', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 9;
    @Requires(() => task(Load, { path: 'other' })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a' }))).toEqual({ path: 'other', limit: 3 });
});

it('puts what is written out over what is handed on', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit!: number;
    @Requires(Load, (self) => ({ path: `${self.path}.gz` })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a', limit: 5 }))).toEqual({ path: 'a.gz', limit: 5 });
});

it('takes undefined for absent: what is handed on stays', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 3;
    @Requires(Load, () => ({ limit: undefined, note: undefined })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a', limit: 7 }))).toEqual({ path: 'a', limit: 7 });
});

it('hands on an optional param that is absent as absent', async () => {
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

it('hands on refs, frozen values and values that have copies', async () => {
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

it('refuses a required param that the requiring task lacks, and names both', async () => {
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
    'Uses.rows requires Load, and its param path is no param of Uses. Write it out: @Requires(Load, (self) => ({ path: … }))\n    at Uses\n    required by Above',
  );
});

it('refuses defaults that differ, and names both', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 5;
    @Requires(Load) rows!: number[];
    run() {}
  }
  expect(await messageFor(task(Uses, { path: 'a', limit: 3 }))).toBe(
    "Uses.rows requires Load, and the default of limit is 5 in Uses and 3 in Load. Write it out: @Requires(Load, (self) => ({ limit: … }))\n    at Uses({ limit: 3, path: 'a' })",
  );
});

it('accepts defaults that differ once they are written out', async () => {
  @Task()
  class Uses {
    @Param() path!: string;
    @Param() limit = 5;
    @Requires(Load, ({ limit }) => ({ limit })) rows!: number[];
    run() {}
  }
  expect(await handed(task(Uses, { path: 'a' }))).toEqual({ path: 'a', limit: 5 });
});

it('takes defaults of equal content for the same', async () => {
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

it('refuses a value that does not fit the other side, naming the task that cannot take it', async () => {
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

it('refuses a requirement that is written out as a param', async () => {
  @Task()
  class Uses {
    @Requires(Load, () => ({ path: 'a', run: 3 }) as {}) rows!: number[];
    run() {}
  }
  expect(await messageFor(Uses)).toBe('Load has no param run; it has limit, note, path\n    at Uses');
});
