import { Param, Requires, Runner, Storage, Task, task } from 'tidemark';
import { makeCbor, makeItem, sum } from '../w3-many-small/contestant';

/** The same work by hand and by Tidemark, in slices of a few milliseconds, with the same result. */
export interface Workload {
  readonly name: string;
  /** How many tasks a slice has. */
  readonly tasks: number;
  floor(): unknown;
  ours(): Promise<unknown>;
}

const treeSize = 5001;
const items = 500;
const deep = 60;

@Task()
class Sum {
  @Param() i!: number;
  @Requires(({ i }) => (2 * i + 2 < treeSize ? [task(Sum, { i: 2 * i + 1 }), task(Sum, { i: 2 * i + 2 })] : []))
  parts!: number[];
  run(): number {
    return this.parts.length === 0 ? 1 : this.parts[0]! + this.parts[1]!;
  }
}

@Task({ save: true })
class Item {
  @Param() id!: number;
  run() {
    return makeItem(this.id);
  }
}

@Task()
class Total {
  @Requires(() => Array.from({ length: items }, (_, id) => task(Item, { id })))
  items!: ReturnType<typeof makeItem>[];
  run() {
    return sum(this.items);
  }
}

@Task({ save: true })
class Choose {
  @Param() n!: number;
  @Param() k!: number;
  @Requires(({ n, k }) => (0 < k && k < n ? [task(Choose, { n: n - 1, k: k - 1 }), task(Choose, { n: n - 1, k })] : []))
  above!: number[];
  run(): number {
    return this.above.length === 0 ? 1 : (this.above[0]! + this.above[1]!) % 1_000_000_007;
  }
}

/** The cost of a tree of promises. */
function promiseTree(): Promise<number> {
  const memo = new Map<string, Promise<number>>();
  const known = (i: number): Promise<number> => {
    const key = `Sum/${i}`;
    let promise = memo.get(key);
    if (!promise) memo.set(key, (promise = compute(i)));
    return promise;
  };
  const compute = async (i: number): Promise<number> => {
    if (2 * i + 2 >= treeSize) return 1;
    const [left, right] = await Promise.all([known(2 * i + 1), known(2 * i + 2)]);
    return left + right;
  };
  return known(0);
}

/** The cost of a memo in a `Map`. */
function choose(n: number, k: number, memo = new Map<string, number>()): number {
  const key = `${n}-${k}`;
  let value = memo.get(key);
  if (value === undefined) {
    value = k === 0 || k === n ? 1 : (choose(n - 1, k - 1, memo) + choose(n - 1, k, memo)) % 1_000_000_007;
    memo.set(key, value);
  }
  return value;
}

/** Workloads whose ratios to their floors are guarded. */
export async function workloads(): Promise<readonly Workload[]> {
  const cbor = makeCbor();
  const ids = Array.from({ length: items }, (_, id) => id);
  const bytes = new Map(ids.map((id) => [`Item/${id}`, Buffer.from(cbor.encode(makeItem(id)))]));
  const runner = new Runner({ storage: 'memory:' });
  const filled = new Runner({ storage: Storage.open(new Map()) });
  await filled.run(Total);
  await filled.run(Choose, { n: deep, k: deep / 2 });
  return [
    { name: 'nothing is saved', tasks: treeSize, floor: promiseTree, ours: () => runner.run(Sum, { i: 0 }) },
    {
      name: 'results are saved in memory',
      tasks: items,
      floor() {
        const saved = new Map<string, Buffer>();
        const made = ids.map(makeItem);
        for (const item of made) saved.set(`Item/${item.id}`, Buffer.from(cbor.encode(item)));
        return sum(made);
      },
      ours: () => new Runner({ storage: Storage.open(new Map()) }).run(Total),
    },
    {
      name: 'results are loaded from memory',
      tasks: items,
      floor: () => sum(ids.map((id) => cbor.decode(bytes.get(`Item/${id}`)!))),
      ours: () => filled.run(Total),
    },
    {
      name: 'a graph is planned, its target loaded',
      tasks: (deep / 2 + 1) ** 2 - 1,
      floor: () => choose(deep, deep / 2),
      ours: () => filled.run(Choose, { n: deep, k: deep / 2 }),
    },
  ];
}
