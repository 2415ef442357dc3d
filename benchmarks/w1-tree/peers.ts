import { loadPeer } from '../bench/peers';
import { bullmqFlow } from './bullmq-flow';

/** Computes the root of a tree of so many tasks. */
export type Run = (size: number) => Promise<number>;

const isLeaf = (i: number, size: number) => 2 * i + 2 >= size;
const atOnce = 64;

/** The same work by other packages, each as its documentation shows it, with a memo by a string key where it has none. */
export const peers: Readonly<Record<string, () => Promise<Run>>> = {
  effect: () => effect({ concurrency: 'unbounded' }),
  'effect, in turn': () => effect({}),
  'p-limit': async () => {
    const { default: pLimit } = loadPeer('p-limit');
    const limit = pLimit(atOnce);
    return memoised((compute) => limit(compute));
  },
  'p-queue': async () => {
    const { default: PQueue } = loadPeer('p-queue');
    const queue = new PQueue({ concurrency: atOnce });
    return memoised((compute) => queue.add(compute));
  },
  'p-graph': pGraph,
  'async.auto': asyncAuto,
  keyv: async () => {
    const { Keyv } = loadPeer('keyv');
    return cached(() => new Keyv());
  },
  cacheable: async () => {
    const { Cacheable } = loadPeer('cacheable');
    return cached(() => new Cacheable());
  },
  'cache-manager': async () => {
    const { createCache } = loadPeer('cache-manager');
    return cached(createCache);
  },
  'bullmq flow': bullmqFlow,
};

async function effect(options: object): Promise<Run> {
  const { Effect } = loadPeer('effect');
  return (size) => {
    const memo = new Map<string, unknown>();
    const sum = (i: number): unknown =>
      Effect.suspend(() => {
        const key = `Sum/${i}`;
        let known = memo.get(key);
        if (!known) memo.set(key, (known = Effect.runSync(Effect.cached(compute(i)))));
        return known;
      });
    const compute = (i: number) =>
      isLeaf(i, size)
        ? Effect.succeed(1)
        : Effect.map(Effect.all([sum(2 * i + 1), sum(2 * i + 2)], options), ([a, b]: [number, number]) => a + b);
    return Effect.runPromise(sum(0));
  };
}

/** Concurrency limiters have no keys and no requirements: promises stand in for both. */
function memoised(limited: (compute: () => number) => Promise<number>): Run {
  return (size) => {
    const memo = new Map<string, Promise<number>>();
    const sum = (i: number): Promise<number> => {
      const key = `Sum/${i}`;
      let known = memo.get(key);
      if (!known) memo.set(key, (known = compute(i)));
      return known;
    };
    const compute = async (i: number): Promise<number> => {
      if (isLeaf(i, size)) return limited(() => 1);
      const [left, right] = await Promise.all([sum(2 * i + 1), sum(2 * i + 2)]);
      return limited(() => left + right);
    };
    return sum(0);
  };
}

async function pGraph(): Promise<Run> {
  const { PGraph } = loadPeer('p-graph');
  return async (size) => {
    const results = new Map<string, number>();
    const nodes = new Map<string, { run: () => void }>();
    const dependencies: [string, string][] = [];
    for (let i = 0; i < size; i++) {
      const [key, left, right] = [`Sum/${i}`, `Sum/${2 * i + 1}`, `Sum/${2 * i + 2}`];
      if (isLeaf(i, size)) {
        nodes.set(key, { run: () => void results.set(key, 1) });
      } else {
        nodes.set(key, { run: () => void results.set(key, results.get(left)! + results.get(right)!) });
        dependencies.push([left, key], [right, key]);
      }
    }
    await new PGraph(nodes, dependencies).run({ concurrency: atOnce });
    return results.get('Sum/0')!;
  };
}

async function asyncAuto(): Promise<Run> {
  const { auto } = loadPeer('async');
  return async (size) => {
    const tasks: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const [left, right] = [`Sum/${2 * i + 1}`, `Sum/${2 * i + 2}`];
      tasks[`Sum/${i}`] = isLeaf(i, size)
        ? async () => 1
        : [left, right, async (results: Record<string, number>) => results[left]! + results[right]!];
    }
    return (await auto(tasks))['Sum/0'];
  };
}

interface Cache {
  get(key: string): Promise<number | undefined>;
  set(key: string, value: number): Promise<unknown>;
}

function cached(make: () => Cache): Run {
  return (size) => {
    const cache = make();
    const sum = async (i: number): Promise<number> => {
      const key = `Sum/${i}`;
      const known = await cache.get(key);
      if (known !== undefined && known !== null) return known;
      let value = 1;
      if (!isLeaf(i, size)) {
        const [left, right] = await Promise.all([sum(2 * i + 1), sum(2 * i + 2)]);
        value = left + right;
      }
      await cache.set(key, value);
      return value;
    };
    return sum(0);
  };
}
