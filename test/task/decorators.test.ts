import * as swc from '@swc/core';
import * as esbuild from 'esbuild';
import { DeclarationError, Param, Requires, Task, task } from 'tidemark';
import ts from 'typescript';
import { graphOf, messageOf } from '../graph/graph-of';

@Task()
class Load {
  run() {
    return [1];
  }
}

type Decorator = (target: object, property: string | symbol) => void;
const on =
  (decorator: unknown, target: object, property: string | symbol = 'it') =>
  () =>
    (decorator as Decorator)(target, property);

it('requires parentheses', () => {
  expect(on(Param, Load.prototype, 'path')).toThrow(new DeclarationError('write @Param() with parentheses (on path)'));
  expect(on(Requires, Load.prototype, 'rows')).toThrow(
    new DeclarationError('write @Requires(…) with parentheses (on rows)'),
  );
});

it('rejects both decorators on one property, in either order', () => {
  const message = 'Both.it has both @Param and @Requires; a property is either passed in or required';
  class Both {}
  on(Param(), Both.prototype)();
  expect(on(Requires(Load), Both.prototype)).toThrow(message);
  class Other {}
  on(Requires(Load), Other.prototype)();
  expect(on(Param(), Other.prototype)).toThrow(message.replace('Both', 'Other'));
});

it('rejects static properties and symbols as names', () => {
  class Odd {}
  expect(on(Param(), Odd)).toThrow('Odd.it is static; params and requirements belong to instances');
  expect(on(Param(), Odd.prototype, Symbol('it'))).toThrow(
    'Odd.Symbol(it): params and requirements have names, not symbols',
  );
});

it('explains how to require a class that is not initialised yet', () => {
  class Early {}
  const later = undefined as unknown as typeof Load;
  expect(on(Requires(later), Early.prototype)).toThrow(
    '@Requires(undefined) on Early.it: the class is not initialised yet. Circular imports need @Requires(() => Class)',
  );
});

it.each([
  ['a string', ['Load'], 'it received string'],
  ['an instance', [new Load()], 'it received object'],
  ['params without a function', [Load, { path: 'a' }], 'it received function and object'],
  ['null', [null], 'it received object'],
])('rejects a requirement of %s', (_, given, shown) => {
  class Odd {}
  const decorator = (Requires as (...args: unknown[]) => unknown)(...given);
  expect(on(decorator, Odd.prototype)).toThrow(
    `@Requires on Odd.it takes a task class or a function, then a function that returns params; ${shown}`,
  );
});

it('treats an ordinary function like an arrow function', async () => {
  @Task()
  class Old {
    @Requires(function (this: unknown) {
      return task(Load);
    })
    rows!: number[];
    run() {}
  }
  expect((await graphOf(Old)).nodes.map(String)).toEqual(['Old', 'Load']);
});

it('evaluates and runs nothing when a class is declared', async () => {
  const seen: string[] = [];
  @Task({
    name: () => {
      seen.push('name');
      return 'Quiet';
    },
  })
  class Quiet {
    @Param() n = seen.push('initialiser');
    @Requires(() => {
      seen.push('requires');
      return [];
    })
    none!: unknown;
    run() {}
  }
  expect(seen).toEqual([]);
  await graphOf(Quiet);
  expect(seen).toEqual(['name', 'initialiser', 'requires']);
});

describe('@Requires()', () => {
  class Model {}
  class Corpus {}
  class Index {}
  @Task({ produces: Model })
  class MakeModel {
    @Param() n = 1;
    run() {
      return new Model();
    }
  }
  @Task({ produces: Corpus })
  class ReadCorpus {
    run() {
      return new Corpus();
    }
  }
  @Task({ produces: Corpus })
  class FetchCorpus {
    run() {
      return new Corpus();
    }
  }

  it('finds the one task that produces the property’s type', async () => {
    @Task()
    class Uses {
      @Param() n = 1;
      @Requires() model!: Model;
      run() {}
    }
    const { nodes } = await graphOf(task(Uses, { n: 5 }));
    expect(nodes.map(({ task: { cls } }) => cls)).toEqual([Uses, MakeModel]);
    expect(nodes[1]!.params).toEqual({ n: 5 });
  });

  it.each([
    ['none does', Index, 'no task declares that it produces Index'],
    ['several do', Corpus, '2 tasks produce Corpus: ReadCorpus, FetchCorpus'],
    ['the compiler emitted nothing', undefined, 'the compiler emitted no class for its type'],
    ['the type is an interface', Object, 'the compiler emitted no class for its type'],
  ])('reports that %s', async (_, type, why) => {
    @Task()
    class Uses {
      run() {}
    }
    if (type) Reflect.defineMetadata('design:type', type, Uses.prototype, 'it');
    on(Requires(), Uses.prototype)();
    expect(await messageOf(() => graphOf(Uses))).toBe(
      `@Requires() on Uses.it cannot determine the task: ${why}. Name it: @Requires(TheTask)`,
    );
    expect([ReadCorpus, FetchCorpus]).toHaveLength(2);
  });

  it('replaces a class that is declared again', async () => {
    class Report {}
    const declare = () => {
      @Task({ produces: Report })
      class MakeReport {
        run() {
          return new Report();
        }
      }
      return MakeReport;
    };
    declare();
    const Last = declare();
    @Task()
    class Uses {
      @Requires() report!: Report;
      run() {}
    }
    expect((await graphOf(Uses)).nodes[1]!.task.cls).toBe(Last);
  });

  it('distinguishes tasks with one class name by their explicit names', async () => {
    class Page {}
    const declare = (name: string) => {
      @Task({ produces: Page, name })
      class MakePage {
        run() {
          return new Page();
        }
      }
      return MakePage;
    };
    declare('First');
    declare('Second');
    @Task()
    class Uses {
      @Requires() page!: Page;
      run() {}
    }
    expect(await messageOf(() => graphOf(Uses))).toContain('2 tasks produce Page: First, Second');
  });
});

describe('a version of decorators other than experimentalDecorators', () => {
  class Idle {
    run() {}
  }
  type Call = (...args: unknown[]) => unknown;
  const field = { kind: 'field', name: 'n', static: false, private: false, addInitializer: () => {}, metadata: {} };
  const cls = { ...field, kind: 'class', name: 'Idle' };
  const element = { kind: 'field', key: 'n', placement: 'own', descriptor: {}, [Symbol.toStringTag]: 'Descriptor' };

  it.each<[string, () => unknown]>([
    ['a class', () => (Task() as Call)(Idle, cls)],
    ['a class, without parentheses', () => (Task as unknown as Call)(Idle, cls)],
    ['a param', () => (Param() as Call)(undefined, field)],
    ['a param, without parentheses', () => (Param as unknown as Call)(undefined, field)],
    ['a requirement', () => (Requires(Load) as unknown as Call)(undefined, field)],
    ['a requirement, without parentheses', () => (Requires as unknown as Call)(undefined, field)],
    ['an accessor', () => (Param() as Call)({ get() {}, set() {} }, { ...field, kind: 'accessor' })],
    ['a getter', () => (Param() as Call)(() => 1, { ...field, kind: 'getter' })],
    ['a private field', () => (Param() as Call)(undefined, { ...field, name: '#n', private: true })],
    ['a param, by the proposal of 2018', () => (Param() as Call)(element)],
  ])('is rejected on %s, with the option to set', (_, decorate) => {
    expect(decorate).toThrow(DeclarationError);
    expect(decorate).toThrow(
      /(Idle|n): the compiler calls it as a standard decorator\. .*"experimentalDecorators": true.*legacyDecorator/,
    );
  });

  const source = (body: string) =>
    `import { Param, Requires, Task } from 'tidemark'; @Task() class Load { run() {} } ${body}`;
  const compilers: Readonly<Record<string, (code: string) => string>> = {
    esbuild: (code) =>
      esbuild.transformSync(code, { loader: 'ts', format: 'cjs', target: 'es2022', tsconfigRaw: {} }).code,
    tsc: (code) =>
      ts.transpile(code, {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        experimentalDecorators: false,
      }),
    swc: (code) =>
      swc.transformSync(code, {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { decoratorVersion: '2022-03' },
          target: 'es2022',
        },
        module: { type: 'commonjs' },
        swcrc: false,
        configFile: false,
      }).code,
  };

  it.each(Object.keys(compilers))('is rejected when %s compiles with it', (name) => {
    for (const body of ['', 'class A { @Param() n = 1; }', 'class B { @Requires(Load) it!: void; }']) {
      const code = compilers[name]!(source(body));
      const run = new Function('require', 'exports', code) as (load: NodeJS.Require, exports: object) => void;
      expect(() => run(require, {})).toThrow(/"experimentalDecorators": true/);
    }
  });

  it('is distinguished from a legacy prototype with members of the same names', () => {
    class Named {
      get kind() {
        return 'field';
      }
      run() {}
    }
    expect(() => on(Param(), Named.prototype, 'name')()).not.toThrow();
    expect(() => (Task() as Call)(Named)).not.toThrow();
  });
});

it('is rejected on parameters, methods and classes', () => {
  type Call = (...args: unknown[]) => unknown;
  class Odd {
    constructor(readonly n: number) {}
    run() {}
  }
  const method = Object.getOwnPropertyDescriptor(Odd.prototype, 'run');
  expect(() => (Param() as Call)(Odd, undefined, 0)).toThrow(
    '@Param() is for properties; it is used on a parameter of the constructor of Odd',
  );
  expect(() => (Requires(Load) as unknown as Call)(Odd, undefined, 0)).toThrow('parameter of the constructor of Odd');
  expect(() => (Param() as Call)(Odd.prototype, 'run', 0)).toThrow('it is used on a parameter of Odd.run');
  expect(() => (Param() as Call)(Odd.prototype, 'run', method)).toThrow(
    '@Param() is for properties; Odd.run is a method',
  );
  expect(() => (Param() as Call)(Odd)).toThrow('@Param() is for properties; it is used on the class Odd');
  expect(() => (Task() as Call)(Odd, undefined, 0)).toThrow('@Task() is for classes; it is used on a parameter');
  expect(() => (Task() as Call)(Odd.prototype, 'run', method)).toThrow('@Task() is for classes; it is used on run');
});
