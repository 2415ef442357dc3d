import 'reflect-metadata';
import { Requires, Runner, Storage, Task, task } from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { Signal } from '../support/signal';

/**
 * Two results name what needs the same missing checkpoint. One execution computes it, while the other has looked for
 * it already and comes to it only then.
 */
function declare(version: number, countOf: () => Promise<number>, isOver: () => void) {
  @Task({ name: 'Base', save: true })
  class Base {
    run(): Promise<number> {
      return countOf();
    }
  }
  @Task({ name: 'Double', save: true })
  class Double {
    @Requires(Base) base!: number;
    run(): number {
      return this.base * 2;
    }
  }
  @Task({ name: 'Both', save: true, version })
  class Both {
    @Requires(Base) base!: number;
    @Requires(Double) double!: number;
    run(): readonly number[] {
      return [this.base, this.double];
    }
  }
  @Task({ name: 'NamesBase', save: true })
  class NamesBase {
    run() {
      return task(Base);
    }
  }
  @Task({ name: 'NamesBoth', save: true })
  class NamesBoth {
    run() {
      return task(Both);
    }
  }
  @Task({ name: 'Over' })
  class Over {
    @Requires(NamesBase) base!: number;
    run(): number {
      isOver();
      return this.base;
    }
  }
  @Task({ name: 'All' })
  class All {
    @Requires(Over) base!: number;
    @Requires(NamesBoth) both!: readonly number[];
    run() {
      return [this.base, ...this.both];
    }
  }
  return { Base, All };
}

/** Runs everything, and once more with a new version of Both and without the checkpoint of Base. @param counts what Base gives */
async function runTwice(counts: readonly number[]) {
  const store = new ObservedStore();
  const storage = Storage.open(store);
  let calls = 0;
  const start = async (version: number) => {
    const [looked, over] = [new Signal(), new Signal()];
    if (version === 1) looked.fire();
    else
      store.before = (operation, key) => {
        if (operation !== 'get' || !key.includes('Double/')) return undefined;
        looked.fire();
        return over.promise;
      };
    const countOf = async () => {
      await looked.promise;
      return counts[calls++]!;
    };
    const { Base, All } = declare(version, countOf, over.fire);
    const runner = new Runner({ storage, onWarning: () => {} });
    const run = runner.start(All);
    const result = await run.result;
    await storage.delete(await runner.key(Base));
    return { result, summary: await run.summary };
  };
  await start(1);
  return { ...(await start(2)), calls };
}

it('goes on with what waited for a result that another execution of the run computed meanwhile', async () => {
  const { result, summary, calls } = await runTwice([3, 3]);
  expect([result, calls]).toEqual([[3, 3, 6], 2]);
  // Base, Over, Both and All: the checkpoint of Double came from the same result.
  expect(summary.ran).toBe(4);
});

it('runs again what came from another result than that', async () => {
  const { result, summary } = await runTwice([3, 4]);
  expect(result).toEqual([4, 4, 8]);
  expect(summary.ran).toBe(5);
});
