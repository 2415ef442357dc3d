import { Param, Requires, Runner, Task, type TaskRef, task } from 'tidemark';
import { graphOf, keyOf, messageOf } from '../graph/graph-of';

@Task()
class Load {
  @Param() path = 'a';
  run() {
    return [1];
  }
}

const messageFor = (target: unknown) => messageOf(() => graphOf(target));

describe('a class that is not a task', () => {
  class Plain {
    run() {}
  }

  it('is rejected, with its path', async () => {
    expect(await messageFor(Plain)).toBe('Plain is not a task: decorate it with @Task()');
    @Task()
    class Uses {
      @Requires(Plain) plain!: void;
      run() {}
    }
    expect(await messageFor(Uses)).toBe('Plain is not a task: decorate it with @Task()\n    at Uses');
    @Task()
    class Holds {
      @Param() ref = task(Plain);
      run() {}
    }
    expect(await messageFor(Holds)).toMatch(/^Plain is not a task: decorate it with @Task\(\)/);
  });

  it('is distinguished from a child of a task without its own decorator', async () => {
    class Child extends Load {}
    expect(await messageFor(Child)).toBe(
      'Child extends the task Load but is not a task itself: decorate it with @Task() (as the topmost decorator, if another decorator replaces the class)',
    );
  });

  it('is distinguished from a task that another decorator replaced', async () => {
    const replace = <C extends new (...args: any[]) => object>(Base: C) => class Replaced extends Base {};
    @replace
    @Task()
    class Under {
      run() {}
    }
    expect(await messageFor(Under)).toMatch(
      /^Replaced extends the task Under but is not a task itself: .*topmost decorator/,
    );
    @Task()
    @replace
    class Above {
      @Param() n = 1;
      run() {}
    }
    expect((await graphOf(Above)).nodes.map(String)).toEqual(['Replaced({ n: 1 })']);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['Load', 'Load'],
    [{}, '[object Object]'],
  ])('is rejected in task(%p)', (given, shown) => {
    expect(() => task(given as unknown as typeof Load)).toThrow(
      `task(${shown}) requires a task class. With circular imports`,
    );
  });
});

describe('@Task', () => {
  it('requires a method run', () => {
    const decorate = Task() as (cls: unknown) => void;
    expect(() => decorate(class Idle {})).toThrow('Idle has no method run(), which a task needs');
    expect(() => decorate({})).toThrow('@Task() is for classes');
  });

  it('requires parentheses', () => {
    expect(() => (Task as (cls: unknown) => void)(Load)).toThrow('write @Task() with parentheses (on Load)');
  });
});

describe('the name', () => {
  it.each([
    [
      'default_1',
      () => {
        const default_1 = class {
          run() {}
        };
        return default_1;
      },
    ],
    [
      '_class',
      () => {
        const _class = class {
          run() {}
        };
        return _class;
      },
    ],
    [
      '',
      () =>
        (() =>
          class {
            run() {}
          })(),
    ],
  ])('%p, which a compiler generated, is rejected', async (_, make) => {
    const cls = make();
    Task()(cls);
    expect(await messageFor(cls)).toBe('an anonymous task class needs a name: @Task({ name: … })');
  });

  it('may be explicit, even a function', async () => {
    const cls = (() =>
      class {
        run() {}
      })();
    Task({ name: 'Given' })(cls);
    expect(await keyOf(cls)).toMatch(/^Given\//);
    @Task({ name: ({ name }) => `reports.${name}` })
    class Daily {
      run() {}
    }
    expect(await keyOf(Daily)).toMatch(/^reports\.Daily\//);
  });

  it.each([
    ['', '""'],
    [3, '3'],
    [null, 'null'],
  ])('%p is rejected', async (name, shown) => {
    @Task({ name: () => name as string })
    class Odd {
      run() {}
    }
    expect(await messageFor(Odd)).toBe(`Odd: the name of a task must be a non-empty string, not ${shown}`);
  });

  it('cannot belong to two classes in one graph', async () => {
    const First = Load;
    @Task({ name: 'Load' })
    class Second {
      run() {}
    }
    @Task()
    class Both {
      @Requires(First) first!: number[];
      @Requires(Second) second!: void;
      run() {}
    }
    const message = 'two classes in one graph have the name Load; rename one: @Task({ name: … })';
    expect(await messageFor([First, Second])).toBe(message);
    expect(await messageFor(Both)).toBe(`${message}\n    at Both`);
  });

  it('cannot belong to two classes in one run, one of which is in a result', async () => {
    const First = Load;
    @Task({ name: 'Load' })
    class Second {
      run() {}
    }
    @Task()
    class NamesSecond {
      @Requires(First) first!: number[];
      run(): TaskRef<void> {
        return task(Second);
      }
    }
    await expect(new Runner({ storage: 'memory:' }).run(NamesSecond)).rejects.toThrow(
      'NamesSecond failed: two classes in one run have the name Load; rename one: @Task({ name: … })',
    );
  });

  it('may be declared again, as by hot reload: the last class has it', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const declare = (result: number) => {
      @Task()
      class Again {
        run() {
          return result;
        }
      }
      return Again;
    };
    expect(await runner.run(declare(1))).toBe(1);
    expect(await runner.run(declare(2))).toBe(2);
  });
});

describe('inheritance', () => {
  abstract class Source<Row> {
    @Param() limit = 2;
    @Param() path!: string;
    @Requires((self) => task(Load, { path: self.path })) rows!: number[];
    abstract read(): Row;
    run() {
      return [this.read(), this.limit, this.rows] as const;
    }
  }

  it('includes params and requirements of abstract, generic base classes', async () => {
    @Task()
    class Read extends Source<string> {
      @Param() suffix = '!';
      read() {
        return this.path + this.suffix;
      }
    }
    expect(await new Runner({ storage: 'memory:' }).run(Read, { path: 'x' })).toEqual(['x!', 2, [1]]);
  });

  it('lets a child change a default, with and without the decorator', async () => {
    @Task()
    class Again extends Source<number> {
      @Param() override limit = 7;
      read() {
        return 0;
      }
    }
    @Task()
    class Without extends Source<number> {
      override limit = 8;
      read() {
        return 0;
      }
    }
    const { nodes } = await graphOf([task(Again, { path: 'x' }), task(Without, { path: 'x' })]);
    expect(nodes.map(({ params }) => params['limit'])).toEqual(expect.arrayContaining([7, 8]));
  });

  it('lets a child change the type of a param', async () => {
    @Task()
    class Optional extends Source<number> {
      @Param({ optional: true }) declare path: string;
      @Requires(() => []) declare rows: number[];
      read() {
        return 0;
      }
    }
    expect((await graphOf(Optional)).nodes.map(String)).toEqual(['Optional({ limit: 2 })']);
  });

  it('lets a child redeclare an inherited requirement', async () => {
    @Task()
    class Six {
      run() {
        return [6];
      }
    }
    @Task()
    class Redeclared extends Source<number> {
      @Requires(Six) declare rows: number[];
      read() {
        return 0;
      }
    }
    expect(await new Runner({ storage: 'memory:' }).run(Redeclared, { path: 'x' })).toEqual([0, 2, [6]]);
  });

  it('does not change the base class', async () => {
    @Task()
    class Base {
      @Param() a = 1;
      run() {}
    }
    @Task()
    class Child extends Base {
      @Param() b = 2;
    }
    expect((await graphOf([Base, Child])).nodes.map(String)).toEqual(['Base({ a: 1 })', 'Child({ a: 1, b: 2 })']);
  });

  it('works with mixins', async () => {
    const Logged = <C extends new (...args: any[]) => object>(Base: C) => {
      class WithLog extends Base {
        @Param({ key: false }) level = 'info';
      }
      return WithLog;
    };
    class Plain {
      @Param() x = 1;
    }
    @Task()
    class Mixed extends Logged(Plain) {
      run() {
        return [this.level, this.x];
      }
    }
    @Task()
    class MixedAgain extends Logged(Mixed) {
      @Param() y = 2;
      override run() {
        return [...super.run(), this.y];
      }
    }
    expect(
      await new Runner({ storage: 'memory:' }).run([task(Mixed, { x: 3 }), task(MixedAgain, { level: 'debug' })]),
    ).toEqual([
      ['info', 3],
      ['debug', 1, 2],
    ]);
  });

  it('cannot turn a param into a requirement', async () => {
    @Task()
    class Turned extends Source<number> {
      @Requires(() => 3) declare limit: number;
      read() {
        return 0;
      }
    }
    expect(await messageFor(task(Turned, { path: 'x' }))).toBe(
      'Turned.limit is a requirement, but a param in a class that it extends',
    );
  });
});
