import { Param, Requires, Runner, Task, task } from 'tidemark';
import { Inject, Service, Token, Container as Typedi } from 'typedi';
import { graphOf, messageOf } from '../graph/graph-of';

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

/** A class as compilers without emitted types leave it. */
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

  it('are found for a child whose base takes them', async () => {
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

  it('may be left to the class, by a default', async () => {
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

  it('can be used while planning', async () => {
    @Task()
    class Leaf {
      @Param() name!: string;
      run() {
        return this.name;
      }
    }
    @Task()
    class Plans {
      constructor(readonly database: Database) {}
      @Requires((self) => task(Leaf, { name: self.database.query() })) it!: string;
      run() {
        return this.it;
      }
    }
    expect(await runner.run(Plans)).toBe('row');
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

describe('a service that cannot be found is refused when planning', () => {
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

  it('when an undecorated abstract base takes it', async () => {
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

  it('when its class is not there yet', async () => {
    @Task({ services: [undefined as unknown as typeof Database] })
    class Early {
      constructor(readonly database: Database) {}
      run() {}
    }
    expect(await messageFor(Early)).toContain(
      'parameter 1 of the constructor: its type is not there (do the files import each other?)',
    );
  });

  it('when nobody registered it, with the way there', async () => {
    class Unregistered {}
    @Task()
    class Reads {
      constructor(readonly it: Unregistered) {}
      run() {}
    }
    @Task()
    class Above {
      @Requires(Reads) it!: void;
      run() {}
    }
    const message = await messageFor(Above);
    expect(message).toMatch(/^Reads cannot be made: Service with .*Unregistered.* was not found/);
    expect(message).toMatch(/\n {4}at Above$/);
  });

  it('when its own constructor throws', async () => {
    @Service()
    class Broken {
      constructor() {
        throw new Error('no socket');
      }
    }
    @Task()
    class Reads {
      constructor(readonly it: Broken) {}
      run() {}
    }
    expect(await messageFor(Reads)).toMatch(/^Reads cannot be made: no socket/);
  });
});
