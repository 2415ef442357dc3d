import { Param, Runner, Storage, Task, TaskRef, task } from 'tidemark';

/** The package, loaded again: as in a test that isolates or resets modules. */
function loadAgain(): typeof import('tidemark') {
  let again!: typeof import('tidemark');
  jest.isolateModules(() => {
    again = require('tidemark');
  });
  return again;
}

it('works with what a copy declared that Jest loaded again', async () => {
  const again = loadAgain();
  expect(again.Runner).not.toBe(Runner);

  class Point {
    constructor(readonly x: number) {}
  }
  again.registerType(Point, { name: 'Point', encode: ({ x }) => x, decode: (x) => new Point(x) });

  @again.Task({ save: true })
  class Load {
    @again.Param() x!: number;
    run(): Point {
      if (this.x < 0) throw new Error('negative');
      return new Point(this.x);
    }
  }
  @again.Task({ save: true })
  class Refers {
    run(): TaskRef<Point> {
      return again.task(Load, { x: 3 });
    }
  }

  const runner = new Runner({ storage: again.Storage.open('memory:') });
  for (const _ of [1, 2]) expect(await runner.run(Refers)).toEqual(new Point(3));
  await expect(runner.run(task(Load, { x: -1 }))).rejects.toBeInstanceOf(again.RunFailedError);
  const [shared, own] = [again.Storage.open('memory:'), Storage.open('memory:')];
  await shared.scope(() => new Runner({ storage: own }).run(Load, { x: 1 }));
  expect([(await shared.stats()).size, (await own.stats()).size]).toEqual([1, 0]);
});

it('runs by a copy that was loaded again what was declared before', async () => {
  @Task()
  class Twice {
    @Param() n!: number;
    run(): number {
      return this.n * 2;
    }
  }
  const again = loadAgain();
  expect(await new again.Runner({ storage: 'memory:' }).run(task(Twice, { n: 2 }))).toBe(4);
  expect(again.isTaskRef(task(Twice, { n: 2 }))).toBe(true);
});
