import 'reflect-metadata';
import { Param, Requires, Runner, Task, task } from 'tidemark';

@Task()
class List {
  @Param() saved = false;
  run(): number[] {
    return [3, 1, 2];
  }
}

@Task({ save: true })
class SavedList {
  run(): { list: number[] } {
    return { list: [3, 1, 2] };
  }
}

@Task()
class Sorts {
  @Requires(List) list!: number[];
  run(): number[] {
    return this.list.sort();
  }
}

@Task()
class First {
  @Requires(List) list!: number[];
  run(): number {
    return this.list[0]!;
  }
}

@Task()
class Mutates {
  @Param() names = ['a'];
  @Param() when = new Date(0);
  @Param() tags = new Set(['x']);
  @Param() n!: number;
  @Requires(() => [task(List), 1]) wrapped!: unknown[];
  run(): unknown {
    const before = [[...this.names], this.when.getTime(), [...this.tags], this.wrapped.length];
    this.when.setFullYear(2000);
    this.tags.add('y');
    this.wrapped.push('mine');
    this.names = ['b'];
    return before;
  }
}

it('keeps what a task does to its own params and arrays from all others', async () => {
  const runner = new Runner({ storage: 'memory:' });
  const all = await runner.run([1, 2, 3].map((n) => task(Mutates, { n })));
  expect(all).toEqual([1, 2, 3].map(() => [['a'], 0, ['x'], 2]));
});

it('leaves what was passed in as it was', async () => {
  const names = ['a'];
  expect(await new Runner({ storage: 'memory:' }).run(Mutates, { names, n: 1 })).toEqual([['a'], 0, ['x'], 2]);
  expect([Object.isFrozen(names), names]).toEqual([false, ['a']]);
});

it('freezes a result that several receive, and leaves one alone that has one user', async () => {
  const runner = new Runner({ storage: 'memory:' });
  expect(await runner.run(Sorts)).toEqual([1, 2, 3]);
  await expect(runner.run([Sorts, First])).rejects.toThrow(/read only|Cannot assign/);
  await expect(runner.run({ list: List, sorted: Sorts })).rejects.toThrow(/read only|Cannot assign/);
});

it('freezes what is saved, computed or loaded', async () => {
  const runner = new Runner({ storage: 'memory:' });
  for (let i = 0; i < 2; i++) {
    const result = await runner.run(SavedList);
    expect([result, result.list].map(Object.isFrozen)).toEqual([true, true]);
  }
});

it('freezes nothing when told not to', async () => {
  const runner = new Runner({ storage: 'memory:', freeze: false });
  for (let i = 0; i < 2; i++) expect(Object.isFrozen((await runner.run(SavedList)).list)).toBe(false);
  expect((await runner.run([Sorts, First]))[0]).toEqual([1, 2, 3]);
});
