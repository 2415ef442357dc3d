// How often a storage is asked for something.
//
// node counts.js
import { Param, Requires, Runner, Storage, Task, task } from 'tidemark';

const depth = 20;
const tasks = (depth / 2 + 1) ** 2 - 1;

@Task({ save: true })
class Choose {
  @Param() n!: number;
  @Param() k!: number;
  @Requires(({ n, k }) => (0 < k && k < n ? [task(Choose, { n: n - 1, k: k - 1 }), task(Choose, { n: n - 1, k })] : []))
  above!: number[];
  run(): number {
    return this.above.length === 0 ? 1 : this.above[0]! + this.above[1]!;
  }
}

/** A store with the least that a store must have, which counts. */
class CountingStore {
  operations = 0;
  readonly #values = new Map<string, unknown>();

  get(key: string): unknown {
    this.operations++;
    return this.#values.get(key);
  }

  set(key: string, value: unknown): void {
    this.operations++;
    this.#values.set(key, value);
  }

  delete(key: string): boolean {
    this.operations++;
    return this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}

async function main(): Promise<void> {
  const store = new CountingStore();
  const run = async (expected: number) => {
    store.operations = 0;
    const run = new Runner({ storage: Storage.open(store) }).start(Choose, { n: depth, k: depth / 2 });
    const { ran } = await run.summary;
    if (ran !== expected) throw new Error(`${ran} tasks ran instead of ${expected}`);
    return store.operations;
  };
  const cold = await run(tasks);
  const warm = await run(0);
  const figures = {
    'for each task that is saved': cold / tasks,
    'of a run that loads its target': warm,
  };
  console.log(JSON.stringify(figures));
}

void main();
