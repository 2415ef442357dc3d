import 'reflect-metadata';
import { Param, Requires, RunFailedError, Runner, Task, task } from 'tidemark';

const ran: string[] = [];
beforeEach(() => void (ran.length = 0));

@Task()
class Double {
  @Param() n!: number;
  run(): number {
    ran.push(`Double ${this.n}`);
    return 2 * this.n;
  }
}

@Task()
class Slow {
  @Param() n = 1;
  async run(): Promise<{ value: number; parts: number[] }> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    ran.push(`Slow ${this.n}`);
    return { value: this.n, parts: [this.n, this.n + 1] };
  }
}

@Task()
class Nested {
  @Param() deep = false;
  @Requires((self) => ({
    list: [task(Double, { n: 1 }), task(Double, { n: 2 })] as const,
    part: task(Slow).at('parts', 1),
    text: 'as it is',
    deeper: self.deep ? { class: Slow } : undefined,
  }))
  given!: unknown;
  run(): unknown {
    return this.given;
  }
}

@Task()
class Gives {
  @Param() what!: string;
  run(): unknown {
    return { undefined: undefined, null: null, nan: Number.NaN, empty: [] }[this.what];
  }
}

@Task()
class Receives {
  @Requires(() => ['undefined', 'null', 'nan', 'empty'].map((what) => task(Gives, { what }))) all!: unknown[];
  run(): unknown[] {
    return this.all;
  }
}

@Task()
class MissesAPart {
  @Requires(() => task(Slow).at('parts', 7)) part!: number;
  run(): number {
    return this.part;
  }
}

const runner = new Runner({ storage: 'memory:' });

it('runs a class with params, and a ref', async () => {
  expect(await runner.run(Double, { n: 4 })).toBe(8);
  expect(await runner.run(task(Double, { n: 5 }))).toBe(10);
  expect(await runner.run(Slow)).toEqual({ value: 1, parts: [1, 2] });
});

it('runs arrays, tuples and records of refs and classes, nested', async () => {
  expect(await runner.run([task(Double, { n: 1 }), Slow])).toEqual([2, { value: 1, parts: [1, 2] }]);
  expect(await runner.run({ a: task(Double, { n: 1 }), b: [task(Slow).at('value')], c: { d: Slow } })).toEqual({
    a: 2,
    b: [1],
    c: { d: { value: 1, parts: [1, 2] } },
  });
  expect(await runner.run([])).toEqual([]);
  expect(await runner.run({})).toEqual({});
});

it('gives a part of a result for .at', async () => {
  expect(await runner.run(task(Slow, { n: 3 }).at('parts', 1))).toBe(4);
});

it('fills any structure, also what is undefined in it', async () => {
  const given = { list: [2, 4], part: 2, text: 'as it is', deeper: undefined };
  expect(await runner.run(Nested)).toStrictEqual(given);
  expect(await runner.run(Nested, { deep: true })).toEqual({
    ...given,
    deeper: { class: { value: 1, parts: [1, 2] } },
  });
});

it('runs a shared task once', async () => {
  await runner.run([Nested, task(Nested, { deep: true }), Slow, task(Double, { n: 1 })]);
  expect(ran.sort()).toEqual(['Double 1', 'Double 2', 'Slow 1']);
});

it('hands on undefined, null and NaN as results', async () => {
  expect(await runner.run(Receives)).toEqual([undefined, null, Number.NaN, []]);
  expect(await runner.run(Gives, { what: 'undefined' })).toBeUndefined();
});

it('fails where a part is asked for that the result does not have', async () => {
  const error = await runner.run(MissesAPart).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(RunFailedError);
  expect(error.errors[0].task).toBe('MissesAPart');
  expect(error.message).toContain('has no part .at("parts", 7)');
  const wanted = await runner.run(task(Slow).at('parts', 7)).catch((thrown) => thrown);
  expect(wanted).toBeInstanceOf(RunFailedError);
  expect(wanted.message).toContain('has no part .at("parts", 7)');
});
