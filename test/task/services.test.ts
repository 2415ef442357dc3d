import { join } from 'node:path';
import { type Container, Param, Requires, Runner, type RunnerOptions, Task, task, threads } from 'tidemark';
import { Inject, Service, Token, Container as Typedi } from 'typedi';
import { graphOf, keyOf, messageOf } from '../graph/graph-of';

@Service()
class Database {
  query() {
    return 'row';
  }
}
@Service()
class Mailer {
  constructor(readonly database: Database) {}
}
interface Clock {
  now(): number;
}
const clock = new Token<Clock>('clock');
Typedi.set(clock, { now: () => 7 });

const runner = new Runner({ storage: 'memory:' });
const messageFor = (target: unknown) => messageOf(() => graphOf(target));

/** A class compiled without emitted types. */
function untyped<C>(cls: C): C {
  Reflect.deleteMetadata('design:paramtypes', cls as object);
  return cls;
}

describe('services', () => {
  it('are found by the types of the constructor', async () => {
    @Task()
    class Reads {
      @Param() n = 1;
      constructor(
        readonly database: Database,
        readonly mailer: Mailer,
      ) {}
      run() {
        return [this.n, this.database.query(), this.mailer.database === this.database];
      }
    }
    expect(await runner.run([task(Reads), task(Reads, { n: 2 })])).toEqual([
      [1, 'row', true],
      [2, 'row', true],
    ]);
  });

  it('are found by @Inject(), in the constructor and on properties', async () => {
    @Task()
    class Tells {
      @Inject() database!: Database;
      @Inject(clock) private readonly clock!: Clock;
      constructor(@Inject(clock) readonly other: Clock) {}
      run() {
        return [this.database.query(), this.clock.now(), this.other.now()];
      }
    }
    expect(await runner.run(Tells)).toEqual(['row', 7, 7]);
  });

  it('are found by @Inject() in a base class', async () => {
    abstract class Base {
      @Inject() database!: Database;
      run() {
        return this.database.query();
      }
    }
    @Task()
    class Child extends Base {}
    expect(await runner.run(Child)).toBe('row');
  });

  it('are found by `services` where the compiler emits no types', async () => {
    const Reads = untyped(
      class Reads {
        constructor(readonly database: Database) {}
        run() {
          return this.database.query();
        }
      },
    );
    Task({ services: [Database] })(Reads);
    expect(await runner.run(Reads)).toBe('row');
  });

  it('are found for a child whose base class takes them', async () => {
    @Task()
    class Base {
      constructor(readonly database: Database) {}
      run() {
        return this.database.query();
      }
    }
    @Task()
    class Child extends Base {
      @Param() n = 1;
    }
    @Service()
    abstract class Registered {
      constructor(readonly database: Database) {}
      run() {
        return this.database.query();
      }
    }
    @Task()
    class Other extends Registered {}
    expect(await runner.run([Child, Other])).toEqual(['row', 'row']);
  });

  it('may have a default in the class', async () => {
    @Task()
    class Defaulted {
      constructor(
        readonly database: Database,
        readonly options = { retries: 3 },
      ) {}
      run() {
        return this.options?.retries;
      }
    }
    expect(await runner.run(Defaulted)).toBe(3);
  });

  it('come from the runner’s own container, if it has one', async () => {
    @Task()
    class Reads {
      constructor(readonly database: Database) {}
      run() {
        return this.database.query();
      }
    }
    const container = {
      resolve: async (cls: new (...services: any[]) => any) => new cls({ query: () => 'other row' }),
    };
    expect(await new Runner({ storage: 'memory:', container }).run(Reads)).toBe('other row');
  });
});

describe('planning and loading', () => {
  let isHere = true;
  const made: string[] = [];

  @Service({ transient: true })
  class Rows {
    connection = { url: 'db://rows' };
    constructor() {
      made.push('Rows');
      if (!isHere) throw new Error('DB_URL is not set');
    }
    all(): number[] {
      return [1, 2];
    }
    view(name: string) {
      return { name, all: () => this.all() };
    }
  }

  @Task({ save: true })
  class Load {
    @Param() limit = 10;
    @Inject() rows!: Rows;
    readonly view;
    readonly url;
    constructor(readonly own: Rows) {
      this.view = own.view('all');
      this.url = own.connection.url;
    }
    fingerprint(): string {
      return `v${this.limit}`;
    }
    run(): number[] {
      return [...this.rows.all(), ...this.view.all(), ...this.own.all(), this.url.length];
    }
  }
  @Task({ save: true })
  class Report {
    @Param() limit = 10;
    @Requires(Load) rows!: number[];
    run(): number {
      return this.rows.length;
    }
  }
  @Task()
  class Unsaved {
    @Requires(Report) report!: number;
    run(): number {
      return this.report;
    }
  }

  beforeEach(() => {
    isHere = true;
    made.length = 0;
  });

  it('make no services', async () => {
    const storage = new Map();
    const first = new Runner({ storage });
    await first.plan(Unsaved);
    await first.key(Report);
    expect(made).toEqual([]);
    expect(await first.run(Unsaved)).toBe(7);
    expect(made.length).toBeGreaterThan(0);
    isHere = false;
    for (const what of [Report, Unsaved, Load]) {
      const run = new Runner({ storage }).start(what);
      await run.result;
      expect(await run.summary).toMatchObject({ failed: 0 });
      expect((await new Runner({ storage }).plan(what)).nodes.some(({ action }) => action === 'load')).toBe(true);
    }
    expect(await first.clear(Report)).toHaveLength(1);
  });

  it('do not call the container of the program', async () => {
    const asked: string[] = [];
    const container: Container = {
      resolve: (cls) => {
        asked.push(cls.name);
        return Typedi.get(cls);
      },
    };
    const storage = new Map();
    const runner = new Runner({ storage, container });
    await runner.plan(Unsaved);
    await runner.key(Unsaved);
    expect(asked).toEqual([]);
    await runner.run(Unsaved);
    expect(asked.sort()).toEqual(['Load', 'Report', 'Unsaved']);
    asked.length = 0;
    await new Runner({ storage, container }).run(Report);
    expect(asked).toEqual([]);
  });

  it('report a service that a function in @Requires or a getter uses', async () => {
    @Task()
    class Plans {
      @Param() n = 1;
      constructor(readonly database: Database) {}
      get name(): string {
        return this.database.query();
      }
      @Requires((self) => task(Value, { x: self.name })) it!: unknown;
      run() {}
    }
    @Task()
    class Above {
      @Requires(Plans) it!: void;
      run() {}
    }
    expect(await messageFor(Above)).toBe(
      'Plans uses its service Database.query while planning, when services do not exist yet. Use it in run(), or move the code into a task that this one requires\n    at Plans({ n: 1 })\n    required by Above',
    );
  });

  it.each<[string, (self: Uses) => unknown, RegExp]>([
    ['a property', (self) => task(Value, { x: self.rows.connection }), /uses its service Rows\.connection/],
    ['as a condition', (self) => (self.rows.connection ? [] : task(Value)), /uses its service Rows\.connection/],
    ['an injected one', (self) => self.other.all(), /uses its service other\.all/],
    ['what a constructor got of it', (self) => self.view.all(), /uses its service Rows\.view\(\)\.all/],
    ['as text', (self) => task(Value, { x: `${self.rows}` }), /uses its service Rows /],
    ['as a list', (self) => [...(self.rows as unknown as unknown[])], /uses its service Rows /],
    ['as a param', (self) => task(Value, { x: self.rows }), /params\.x is the service Rows/],
    [
      'as a param, in data',
      (self) => task(Value, { x: [{ a: self.view }] }),
      /params\.x\[0\]\.a is the service Rows\.view\(\)/,
    ],
  ])('report a service that is used as %s', async (_, use, message) => {
    made.length = 0;
    Requires(use)(Uses.prototype as never, 'it');
    @Task({ name: 'Again' })
    class Again extends Uses {}
    expect(await messageFor(Again)).toMatch(message);
    expect(made).toEqual([]);
  });

  class Uses {
    it!: unknown;
    @Inject() other!: Rows;
    readonly view;
    constructor(readonly rows: Rows) {
      this.view = rows.view('a');
    }
    run() {}
  }
  Reflect.defineMetadata('design:paramtypes', [Rows], Uses);

  it('make the services that a constructor uses, and explain a failure', async () => {
    @Task()
    class Counts {
      readonly count;
      @Param() limit: number;
      constructor(readonly rows: Rows) {
        this.count = rows.all().length + 1;
        this.limit = this.count * 2;
      }
      @Requires((self) => Array.from({ length: self.count }, (_, x) => task(Value, { x }))) all!: unknown[];
      run(): number {
        return this.all.length + this.limit;
      }
    }
    expect(await runner.run(Counts)).toBe(3 + 6);
    isHere = false;
    expect(await messageFor(Counts)).toMatch(
      /^Counts cannot be instantiated: DB_URL is not set\. .*It is instantiated while planning because its constructor uses the service Rows\.all\(\)\./,
    );
  });

  it('end if a constructor loops over a service', async () => {
    @Task()
    class Drains {
      constructor(readonly rows: Rows) {
        let left = 3;
        const next = (rows as unknown as { next?: () => boolean }).next ?? (() => left-- > 0);
        while (next());
      }
      run(): number {
        return 1;
      }
    }
    expect(await runner.run(Drains)).toBe(1);
  });

  it('give a constructor the class of a service', async () => {
    @Task()
    class Checks {
      readonly kind;
      constructor(readonly rows: Rows) {
        if (!(rows instanceof Rows)) throw new TypeError('no rows');
        this.kind = rows.constructor.name;
      }
      run(): string {
        return this.kind;
      }
    }
    isHere = false;
    expect((await graphOf(Checks)).nodes).toHaveLength(1);
    expect(made).toEqual([]);
  });

  it('make the services that fingerprint() uses', async () => {
    const calls: string[] = [];
    @Task({ save: true })
    class Table {
      @Param() id = 1;
      constructor(readonly rows: Rows) {}
      async fingerprint(): Promise<string> {
        calls.push('fingerprint');
        try {
          return `${this.rows.all().length}`;
        } catch {
          return 'unknown';
        }
      }
      run(): number {
        return 1;
      }
    }
    expect(await keyOf(task(Table), '2')).toBe(await runner.key(Table));
    isHere = false;
    await expect(runner.key(Table)).rejects.toThrow(/Table.* cannot be instantiated: DB_URL is not set/);
    await expect(runner.run(Table)).rejects.toThrow('DB_URL is not set');
  });

  it('need no container for tasks that run in workers', async () => {
    const fixture = join(__dirname, 'fixtures/services.ts');
    const { Counted, Sum } = require(fixture) as typeof import('./fixtures/services');
    const executor = threads({
      modules: [fixture],
      size: 1,
      execArgv: ['-r', join(__dirname, '../support/register.js')],
    });
    const asked: string[] = [];
    const container: Container = {
      resolve: (cls) => {
        asked.push(cls.name);
        throw new Error('no container here');
      },
    };
    const options: RunnerOptions = { storage: 'memory:', queues: { Counted: { executor }, Sum: { executor } } };
    await using runner = new Runner({ ...options, container });
    expect(await runner.run(Sum, { n: 3 })).toBe(3 + 2 + 1);
    expect(asked).toEqual([]);
    await using other = new Runner(options);
    expect(await other.run(untyped(Counted), { n: 3 })).toBe(3);
  });
});

@Task()
class Value {
  @Param({ optional: true }) x?: unknown;
  run() {
    return this.x;
  }
}

describe('a service that cannot be found is an error while planning', () => {
  it('when the compiler emitted no types, with both cures', async () => {
    const Reads = untyped(
      class Reads {
        constructor(
          readonly a: Database,
          readonly b: Mailer,
        ) {}
        run() {}
      },
    );
    Task()(Reads);
    expect(await messageFor(Reads)).toBe(
      'Reads takes services in its constructor, but the compiler emitted no types for it. Name them: @Task({ services: [… , …] })'.replace(
        '… , …',
        '…, …',
      ),
    );
  });

  it('when an undecorated abstract base class takes it', async () => {
    abstract class Base {
      constructor(readonly database: Database) {}
      run() {}
    }
    @Task()
    class Child extends untyped(Base) {}
    expect(await messageFor(Child)).toBe(
      'Child takes services in the constructor of Base, but the compiler emitted no types for it. Name them: @Task({ services: […] }), or decorate Base with @Service()',
    );
  });

  it('when its type is an interface or a basic type', async () => {
    @Task()
    class Tells {
      constructor(
        readonly database: Database,
        readonly clock: Clock,
      ) {}
      run() {}
    }
    expect(await messageFor(Tells)).toBe(
      'Tells: no service for parameter 2 of the constructor: its type is Object, an interface or a basic type. Name a class with @Task({ services: […] }) or @Inject()',
    );
    @Task()
    class Named {
      constructor(readonly name: string) {}
      run() {}
    }
    expect(await messageFor(Named)).toContain('parameter 1 of the constructor: its type is String,');
  });

  it('when its class is not initialised yet', async () => {
    @Task({ services: [undefined as unknown as typeof Database] })
    class Early {
      constructor(readonly database: Database) {}
      run() {}
    }
    expect(await messageFor(Early)).toContain(
      'parameter 1 of the constructor: its type is undefined (circular imports?)',
    );
  });
});

it('a service that cannot be made fails the task that requires it', async () => {
  class Unregistered {}
  @Service()
  class Broken {
    constructor() {
      throw new Error('no socket');
    }
  }
  @Task()
  class Needs {
    constructor(readonly it: Unregistered) {}
    run() {}
  }
  @Task()
  class NeedsBroken {
    constructor(readonly it: Broken) {}
    run() {}
  }
  await expect(runner.run(Needs)).rejects.toThrow(
    /Needs cannot be instantiated: Service with .*Unregistered.* was not found/,
  );
  await expect(runner.run(NeedsBroken)).rejects.toThrow(/NeedsBroken cannot be instantiated: no socket/);
});
