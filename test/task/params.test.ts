import { runInNewContext } from 'node:vm';
import { Param, ParamError, Requires, Runner, Task, TaskRef, task } from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import * as v from 'valibot';
import { z } from 'zod';
import { graphOf, messageOf } from '../graph/graph-of';

@Task()
class Leaf {
  @Param() n!: number;
  run() {
    return this.n;
  }
}
@Task()
class Train {
  @Param() path!: string;
  @Param() epochs: number = 10;
  @Param({ optional: true }) note?: string;
  @Requires(Leaf, () => ({ n: 1 })) leaf!: number;
  run() {}
}
@Task()
class Value {
  @Param({ optional: true }) x?: unknown;
  run() {
    return this.x;
  }
}

const messageFor = (target: unknown) => messageOf(() => graphOf(target));
const passing = (params: object) => messageFor(task(Train, params));
const runner = new Runner({ storage: 'memory:' });

describe('a param', () => {
  it('that is missing is named', async () => {
    expect(await passing({})).toBe('Train needs the param path');
    expect(await passing({ path: undefined })).toBe('Train needs the param path');
  });

  it('that is unknown is named, with the closest known one', async () => {
    expect(await passing({ path: 'a', epocs: 3 })).toBe('Train has no param epocs; did you mean epochs?');
    expect(await passing({ path: 'a', Note: 'x' })).toBe('Train has no param Note; did you mean note?');
    expect(await passing({ path: 'a', bananas: 3 })).toBe('Train has no param bananas; it has epochs, note, path');
    @Task()
    class Bare {
      run() {}
    }
    expect(await messageFor(task(Bare, { n: 3 } as {}))).toBe('Bare has no param n; it has none');
  });

  it('that is a requirement is reported as one', async () => {
    expect(await passing({ path: 'a', leaf: 3 })).toBe(
      "leaf is a requirement of Train, not a param: it is filled by its task's result",
    );
  });

  it('of another type is rejected, with its value', async () => {
    expect(await passing({ path: 3 })).toBe('Train: the param path must be a String, but is 3');
    expect(await passing({ path: 'a', epochs: '3' })).toBe("Train: the param epochs must be a Number, but is '3'");
  });

  it('that is invalid is reported with its path and value', async () => {
    @Task()
    class Middle {
      @Requires(() => task(Train, { path: 'a', epochs: 'many' as unknown as number })) it!: void;
      run() {}
    }
    @Task()
    class Top {
      @Requires(Middle) it!: void;
      run() {}
    }
    const error = await graphOf(Top).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ParamError);
    expect(error.message).toBe(
      "Train: the param epochs must be a Number, but is 'many'\n    at Middle\n    required by Top",
    );
    expect(error).toMatchObject({ task: 'Train', param: 'epochs', value: 'many', path: ['Top', 'Middle'] });
  });

  it('that is invalid is found before anything runs', async () => {
    let runs = 0;
    @Task()
    class Counts {
      run() {
        return ++runs;
      }
    }
    await expect(runner.run([task(Counts), task(Leaf, { n: '1' as unknown as number })])).rejects.toThrow(ParamError);
    expect(runs).toBe(0);
  });

  it('that is long is abbreviated', async () => {
    const message = await passing({ path: Array.from({ length: 1_000 }, () => 'x'.repeat(1_000)) });
    expect(message.length).toBeLessThan(200);
  });
});

describe('types that the compiler emitted', () => {
  @Task()
  class Typed {
    @Param({ optional: true }) flag?: boolean;
    @Param({ optional: true }) big?: bigint;
    @Param({ optional: true }) list?: number[];
    @Param({ optional: true }) at?: Date;
    @Param({ optional: true }) pattern?: RegExp;
    @Param({ optional: true }) map?: Map<string, number>;
    @Param({ optional: true }) set?: Set<string>;
    @Param({ optional: true }) url?: URL;
    @Param({ optional: true }) bytes?: Uint8Array;
    @Param({ optional: true }) buffer?: Buffer;
    @Param({ optional: true }) floats?: Float64Array;
    @Param({ optional: true }) either?: string | number;
    @Param({ optional: true }) literal?: 'a' | 'b';
    @Param({ optional: true }) nullable?: string | null;
    run() {}
  }

  it.each<[string, unknown, string]>([
    ['flag', 'yes', 'Boolean'],
    ['big', 1, 'BigInt'],
    ['list', { 0: 1 }, 'Array'],
    ['at', '2024-01-01', 'Date'],
    ['pattern', 'a', 'RegExp'],
    ['map', {}, 'Map'],
    ['set', [], 'Set'],
    ['url', 'https://a.org', 'URL'],
    ['bytes', [1], 'Uint8Array'],
    ['literal', 3, 'String'],
    ['buffer', 'text', 'Buffer'],
  ])('reject another type: %s', async (name, value, type) => {
    expect(await messageFor(task(Typed, { [name]: value }))).toMatch(
      `Typed: the param ${name} must be a ${type}, but is `,
    );
  });

  it('reject null unless it is declared', async () => {
    expect(await messageFor(task(Typed, { at: null as never }))).toBe(
      'Typed: the param at must be a Date, but is null',
    );
    expect(await messageFor(task(Typed, { literal: null as never }))).toMatch('must be a String, but is null');
  });

  it('accept matching values, declared null, and values without a checkable type', async () => {
    const params = {
      flag: false,
      big: 1n,
      list: [1],
      at: new Date(),
      pattern: /a/,
      map: new Map(),
      set: new Set<string>(),
      url: new URL('https://a.org'),
      bytes: Buffer.of(1),
      buffer: Buffer.of(1),
      floats: new Float64Array(1),
      either: 3,
      literal: 'a',
      nullable: null,
    } as const;
    const { nodes } = await graphOf([task(Typed, params), task(Typed, { either: 'x' })]);
    expect(nodes).toHaveLength(2);
  });

  it('accept values of another realm', async () => {
    const params = runInNewContext(
      '({ at: new Date(3), pattern: /a/g, map: new Map([["a", { b: [1] }]]), set: new Set(["a"]), list: [1], bytes: new Uint8Array([1]) })',
    );
    const { nodes } = await graphOf(task(Typed, params));
    expect(nodes[0]!.params).toEqual({
      at: new Date(3),
      pattern: /a/g,
      map: new Map([['a', { b: [1] }]]),
      set: new Set(['a']),
      list: [1],
      bytes: Uint8Array.of(1),
    });
    expect((nodes[0]!.params['map'] as Map<string, object>).get('a')).toBeInstanceOf(Object);
  });
});

describe('types that only defaults determine', () => {
  @Task()
  class ByDefault {
    @Param() number = 10;
    @Param() text = 'a';
    @Param() flag = false;
    @Param() big = 1n;
    @Param() list = [1];
    @Param() at = new Date(0);
    @Param() pattern = /a/;
    @Param() map = new Map([['a', 1]]);
    @Param() set = new Set(['a']);
    @Param() url = new URL('https://a.org');
    @Param() bytes = Buffer.of(1);
    @Param() floats = new Float64Array(1);
    @Param() object = { a: 1 };
    @Param() ref = task(Leaf, { n: 1 });
    @Param() nothing: unknown = null;
    @Param({ optional: true }) absent: unknown = undefined;
    run() {}
  }

  it.each<[string, unknown, string]>([
    ['number', '5', 'a Number, like its default, but is '],
    ['number', null, 'a Number, like its default, but is null'],
    ['number', 5n, 'a Number'],
    ['text', null, 'a String, like its default, but is null'],
    ['text', 5, 'a String'],
    ['flag', 'false', 'a Boolean'],
    ['flag', 0, 'a Boolean'],
    ['big', 1, 'a BigInt'],
    ['list', { 0: 1 }, 'a Array'],
    ['list', '[1]', 'a Array'],
    ['at', '2024-01-01', 'a Date'],
    ['at', 0, 'a Date'],
    ['pattern', 'a', 'a RegExp'],
    ['map', {}, 'a Map'],
    ['set', ['a'], 'a Set'],
    ['url', 'https://a.org', 'a URL'],
    ['bytes', 'text', 'a Buffer'],
    ['floats', [1], 'a Float64Array'],
    ['floats', new Float32Array(1), 'a Float64Array'],
    ['object', null, 'an object'],
    ['object', [], 'an object'],
    ['object', new Map(), 'an object'],
    ['ref', 'Leaf', 'a task ref'],
  ])('are checked: %s is not %p', async (name, value, type) => {
    const message = `ByDefault: the param ${name} must be ${type}`;
    expect(await messageFor(task(ByDefault, { [name]: value }))).toMatch(message);
    expect(await messageFor(task(Value, { x: task(ByDefault, { [name]: value }) }))).toMatch(message);
    const run = runner.run as (cls: unknown, params: object) => Promise<unknown>;
    await expect(run.call(runner, ByDefault, { [name]: value })).rejects.toThrow(ParamError);
  });

  it('accept values of the type, and any value if the default is null or undefined', async () => {
    const given = [
      { number: Number.NaN, text: '', flag: true, big: 0n, list: [], at: new Date(Number.NaN) },
      { bytes: Uint8Array.of(1), object: Object.create(null), ref: task(Leaf, { n: 2 }).at('a' as never) },
      ...[1, 'a', null, [1]].map((value) => ({ nothing: value, absent: value })),
    ];
    for (const params of given) expect((await graphOf(task(ByDefault, params as {}))).nodes[0]).toBeDefined();
  });

  it('are reported for a task in a result', async () => {
    @Task()
    class Names {
      run() {
        return task(ByDefault, { number: '5' as unknown as number });
      }
    }
    await expect(runner.run(Names)).rejects.toThrow('ByDefault: the param number must be a Number');
  });

  it('are reported for a class that inherits a param', async () => {
    @Task()
    class Above {
      @Param() number: unknown = null;
      @Requires(ByDefault) it!: void;
      run() {}
    }
    expect(await messageFor(task(Above, { number: '5' }))).toMatch('ByDefault: the param number must be a Number');
  });

  it('yield to declared types', async () => {
    @Task()
    class Declared {
      @Param({ type: [Number, String] }) epochs: number | string = 10;
      @Param({ type: [Number, null] }) limit: number | null = 10;
      @Param({ type: Object }) any: unknown = 10;
      @Param({ type: Number }) required!: number;
      @Param({ type: [Date, TaskRef], optional: true }) at?: unknown;
      @Param(z.union([z.number(), z.string()])) schema: number | string = 10;
      run() {}
    }
    const required = 1;
    const accepted = [
      { epochs: 'many', limit: null, any: [], schema: 'x' },
      { at: new Date(0) },
      { at: task(Leaf, { n: 1 }) },
    ];
    for (const params of accepted)
      expect((await graphOf(task(Declared, { required, ...params }))).nodes[0]).toBeDefined();
    const refused: [object, string][] = [
      [{ epochs: true }, 'the param epochs must be a Number or a String, but is true'],
      [{ limit: '1' }, "the param limit must be a Number or null, but is '1'"],
      [{ required: '1' }, "the param required must be a Number, but is '1'"],
      [{ at: '2024-01-01' }, "the param at must be a Date or a task ref, but is '2024-01-01'"],
    ];
    for (const [params, message] of refused)
      expect(await messageFor(task(Declared, { required, ...params }))).toBe(`Declared: ${message}`);
  });

  it('are types that a param can have', async () => {
    @Task()
    class Odd {
      @Param({ type: [String, Value] }) x!: unknown;
      run() {}
    }
    expect(await messageFor(task(Odd, { x: 'a' }))).toMatch(
      /^Odd\.x: the type of a param is a built-in class .*, not Value$/,
    );
  });

  it('are the same without emitted metadata', async () => {
    class Bare {
      number = 10;
      any!: unknown;
      run() {}
    }
    for (const name of ['number', 'any']) (Param() as (target: object, name: string) => void)(Bare.prototype, name);
    Task()(Bare);
    const params = (given: object) => task(Bare, given as {});
    expect(await messageFor(params({ number: '5', any: 1 }))).toMatch('Bare: the param number must be a Number');
    expect((await graphOf(params({ number: 5, any: '1' }))).nodes).toHaveLength(1);
  });
});

describe('data', () => {
  class Model {
    weights = [1];
  }
  const held: unknown[] = [];
  held.push({ held });
  it.each<[string, unknown, string]>([
    ['a function', { options: { onEnd: () => {} } }, 'params.x.options.onEnd is a function'],
    ['a class', [Leaf], 'params.x[0] is a function'],
    ['a symbol', [[Symbol('a')]], 'params.x[0][0] is a symbol'],
    ['a symbol as a name', { a: { [Symbol('b')]: 1 } }, 'params.x.a has a symbol key (Symbol(b))'],
    ['a promise', [Promise.resolve(1)], 'params.x[0] is a promise; await it first'],
    [
      'a class instance',
      { a: new Model() },
      'params.x.a is an instance of Model; params are data (plain objects, arrays, Date, Map, Set, RegExp, URL, Buffer, typed arrays)',
    ],
    ['an error', new Error('a'), 'params.x is an instance of Error'],
    ['a boxed string', new String('a'), 'params.x is an instance of String'],
    ['a weak map', new WeakMap(), 'params.x is an instance of WeakMap'],
    ['a subclass of Map', new (class Registry extends Map {})(), 'params.x is an instance of Registry'],
    ['a subclass of Date', new (class Day extends Date {})(), 'params.x is an instance of Day'],
    ['a subclass of Array', [new (class Vector extends Array {})()], 'params.x[0] is an instance of Vector'],
    ['a match', 'abc'.match(/b/), 'params.x is an array with a property index; arrays may only have items'],
    ['a cycle', held, 'params.x[0].held contains itself (a cycle)'],
    [
      'a cycle through a Map',
      (() => {
        const map = new Map<string, unknown>();
        return map.set('a', [map]);
      })(),
      'params.x.get(a)[0] contains itself (a cycle)',
    ],
    // biome-ignore lint/suspicious/noSparseArray: rejected on purpose
    ['a hole', [1, , 2], 'params.x[1] is a hole in the array; use undefined or null'],
    ['a function in a Map', new Map([['a', () => {}]]), 'params.x.get(a) is a function'],
    ['a function as the key of a Map', new Map([[() => {}, 1]]), 'params.x.keys[0] is a function'],
    ['a function under an object as key', new Map([[Object.create(null), () => {}]]), 'params.x.get(…) is a function'],
    ['a function in a Set', new Set([1, () => {}]), 'params.x.values[1] is a function'],
  ])('does not include %s', async (_, x, problem) => {
    @Task()
    class Above {
      @Requires(() => task(Value, { x })) it!: unknown;
      run() {}
    }
    const message = await messageFor(Above);
    expect(message).toContain(`Value: ${problem}`);
    expect(message).toMatch('\n    at Above');
  });

  it('may be nested deep, but not endlessly', async () => {
    const nested = (depth: number) => {
      let x: unknown = 1;
      for (let i = 0; i < depth; i++) x = { x };
      return x;
    };
    expect((await graphOf(task(Value, { x: nested(999) }))).nodes).toHaveLength(1);
    expect(await messageFor(task(Value, { x: nested(100_000) }))).toMatch(/is nested more than 1000 levels deep$/);
  });

  it('has no undefined properties, and keeps odd names', async () => {
    const text = '{"__proto__":{"a":1},"constructor":2,"toString":3}';
    const { params } = (await graphOf(task(Value, { x: { ...JSON.parse(text), gone: undefined } }))).nodes[0]!;
    expect(Object.keys(params['x'] as object)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(JSON.stringify(params['x'])).toBe(text);
  });

  it('arrives unchanged, and later changes have no effect', async () => {
    const x = {
      list: [1, undefined],
      map: new Map([['a', new Set([1n])]]),
      date: new Date(3),
      url: new URL('https://a.org'),
      bytes: Buffer.of(1),
      nan: Number.NaN,
      pattern: /a/gi,
    };
    const ref = task(Value, { x });
    const result = runner.run(ref);
    x.list.push(2);
    x.date.setTime(0);
    expect(await result).toEqual({ ...x, list: [1, undefined], date: new Date(3) });
  });

  it('replaces -0 with 0, since both have the same key', async () => {
    const of = (zero: number) => [zero, [zero], { a: [zero] }, new Map([['a', zero]]), new Set([[zero]])];
    expect(await runner.run(of(-0).map((x) => task(Value, { x })))).toEqual(of(0));
  });

  it('may be a regular expression, which works as one', async () => {
    @Task()
    class Replaces {
      @Param() pattern = /a/g;
      run() {
        return [...'banana'.replace(this.pattern, 'o').matchAll(/o/g)].length;
      }
    }
    expect(await runner.run([task(Replaces), task(Replaces, { pattern: /n/g })])).toEqual([3, 2]);
  });

  it('is frozen where possible, and copied elsewhere', async () => {
    @Task()
    class Changes {
      @Param() id!: number;
      @Param() at = new Date(1);
      @Param() list = [1];
      run() {
        this.at.setTime(this.at.getTime() + 1);
        return [this.at.getTime(), Object.isFrozen(this.list)];
      }
    }
    expect(await runner.run([task(Changes, { id: 1 }), task(Changes, { id: 2 })])).toEqual([
      [2, true],
      [2, true],
    ]);
  });
});

describe('defaults', () => {
  it('must not be NaN, which shows a use of params in an initialiser', async () => {
    @Task()
    class Derived {
      @Param() n!: number;
      @Param() half = this.n / 2;
      run() {}
    }
    expect(await messageFor(task(Derived, { n: 4 }))).toBe(
      'the default of Derived.half is NaN: initialisers see only the defaults of other params; derive values from params in a getter',
    );
  });

  it('that throw are reported with what initialisers see', async () => {
    @Task()
    class Throws {
      @Param() path!: string;
      @Param() name = this.path.toUpperCase();
      run() {}
    }
    @Task()
    class Above {
      @Requires(() => task(Throws, { path: 'a' })) it!: void;
      run() {}
    }
    expect(await messageFor(Above)).toMatch(
      /^Throws cannot be instantiated: Cannot read .*\. Initialisers and constructors see only defaults, not params or requirements: derive values from them in a getter\n {4}at Above$/,
    );
  });

  it('must be data that the schema accepts', async () => {
    @Task()
    class Odd {
      @Param() on: unknown = () => {};
      run() {}
    }
    expect(await messageFor(Odd)).toBe('Odd: params.on is a function');
    @Task()
    class Small {
      @Param(z.number().min(5)) n = 3;
      run() {}
    }
    expect(await messageFor(task(Small, { n: 8 }))).toMatch(/^Small: the param n is 3, which its schema rejects: .*5/);
  });
});

describe('schemas', () => {
  @Task()
  class Checked {
    @Param(z.number().int().positive()) n = 1;
    @Param(z.string().trim()) text = '';
    @Param(v.optional(v.array(v.pipe(v.string(), v.minLength(2))))) names: string[] | undefined;
    @Param(z.object({ a: z.object({ b: z.number().default(7) }) }).optional()) deep: { a: { b: number } } | undefined;
    run() {}
  }

  it('determine the value', async () => {
    const { nodes } = await graphOf(task(Checked, { text: ' a ', deep: { a: {} } as { a: { b: number } } }));
    expect(nodes[0]!.params).toEqual({ n: 1, text: 'a', deep: { a: { b: 7 } } });
  });

  it('report the problem, and its path', async () => {
    expect(await messageFor(task(Checked, { n: -1 }))).toMatch(
      /^Checked: the param n is -1, which its schema rejects: .*0$/,
    );
    expect(await messageFor(task(Checked, { names: ['ab', 'c'] }))).toMatch(
      /names is \[ 'ab', 'c' \], which its schema rejects: 1: .*2/,
    );
    expect(await messageFor(task(Checked, { deep: { a: { b: 'x' } } as never }))).toMatch(/rejects: a\.b: /);
  });

  it('that reject undefined make the param required', async () => {
    @Task()
    class Needs {
      @Param(z.string()) id!: string;
      @Param(z.string().default('x')) filled!: string;
      run() {}
    }
    expect(await messageFor(Needs)).toBe('Needs needs the param id');
    expect((await graphOf(task(Needs, { id: 'a' }))).nodes.map(String)).toEqual(["Needs({ filled: 'x', id: 'a' })"]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken');
      },
    ],
  ])('that %s are named', async (_, validate) => {
    @Task()
    class Odd {
      @Param({ '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema<number>) n!: number;
      run() {}
    }
    @Task()
    class Above {
      @Requires(() => task(Odd, { n: 1 })) it!: void;
      run() {}
    }
    expect(await messageFor(Above)).toBe('Odd: the schema of the param n failed: broken\n    at Above');
  });
});

describe('names of properties of Object.prototype', () => {
  @Task()
  class Odd {
    @Param() valueOf: any = 3;
    @Param({ optional: true }) constructor_?: number;
    @Param({ optional: true }) toString: any;
    @Param() hasOwnProperty!: any;
    run() {
      return [this.valueOf, this.toString, this.hasOwnProperty];
    }
  }
  @Task()
  class Above {
    @Param({ optional: true }) toString: any;
    @Param() hasOwnProperty: any = 'b';
    @Requires(Odd) it!: unknown[];
    run() {
      return this.it;
    }
  }

  it('are valid names of params', async () => {
    expect(await runner.run(Odd, { hasOwnProperty: 'a' })).toEqual([3, undefined, 'a']);
    expect(await runner.run(Odd, { hasOwnProperty: 'a', valueOf: 4, toString: 's' })).toEqual([4, 's', 'a']);
    expect(await messageFor(task(Odd, {} as {}))).toBe('Odd needs the param hasOwnProperty');
    expect(await runner.run(Above, {})).toEqual([3, undefined, 'b']);
    expect(await runner.run(Above, { toString: 't' })).toEqual([3, 't', 'b']);
  });
});

it('rejects a task whose instances would be treated as promises', async () => {
  @Task()
  class Thenable {
    @Param() n = 1;
    // biome-ignore lint/suspicious/noThenProperty: rejected on purpose
    then() {}
    run() {}
  }
  expect(await messageFor(Thenable)).toBe(
    'Thenable has a method then(), so its instances would be treated as promises; rename the method',
  );
});
