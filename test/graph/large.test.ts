import { Param, Requires, Task, task } from 'tidemark';
import { NodeKeys } from '../../src/graph/key';
import { graphOf } from './graph-of';

const million = 1_000_000;

@Task()
class Leaf {
  @Param() n!: number;
  run() {
    return this.n;
  }
}
@Task()
class Wide {
  @Requires(() => Array.from({ length: million - 1 }, (_, n) => task(Leaf, { n }))) all!: number[];
  run() {}
}
@Task()
class Chain {
  @Param() n!: number;
  @Requires((self): unknown => (self.n > 0 ? task(Chain, { n: self.n - 1 }) : [])) rest!: unknown;
  run() {}
}
@Task()
class Grid {
  @Param() x!: number;
  @Param() y!: number;
  @Requires(({ x, y }): unknown => [x > 0 ? task(Grid, { x: x - 1, y }) : 0, y > 0 ? task(Grid, { x, y: y - 1 }) : 0])
  beside!: unknown;
  run() {}
}

/** Seconds on a busy machine with two cores: several times what it takes. */
const enough = 60_000;

it(
  'expands a graph of 1,000,000 nodes side by side',
  async () => {
    const graph = await graphOf(Wide);
    expect(graph.nodes).toHaveLength(million);
    expect(graph.order.at(-1)).toBe(graph.targets[0]!.index);
  },
  enough,
);

it(
  'expands a chain of 1,000,000 nodes, and makes its key',
  async () => {
    const graph = await graphOf(task(Chain, { n: million - 1 }));
    expect(graph.nodes).toHaveLength(million);
    expect(graph.nodes[graph.order[0]!]!.params).toEqual({ n: 0 });
    expect(new NodeKeys(graph, new Map()).get(graph.targets[0]!.index)).toMatch(/^Chain\/[0-9a-f]{32}$/);
  },
  enough,
);

it(
  'expands a grid of 1,000,000 nodes, each required by two',
  async () => {
    const graph = await graphOf(task(Grid, { x: 999, y: 999 }));
    expect(graph.nodes).toHaveLength(million);
    expect(graph.edges).toHaveLength(2 * million - 2_000);
  },
  enough,
);

it(
  'lets other work have its turn meanwhile',
  async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await graphOf(task(Chain, { n: million - 1 }));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  },
  enough,
);
