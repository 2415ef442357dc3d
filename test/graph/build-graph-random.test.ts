import fc from 'fast-check';
import { Param, Requires, Task, task } from 'tidemark';
import { graphOf } from './graph-of';

/** The numbers that each number requires: only smaller ones, so that there are no cycles. */
type Edges = readonly (readonly number[])[];

@Task()
class Node {
  @Param() n!: number;
  @Param() edges!: Edges;
  @Param() copy = 0;
  @Requires(({ n, edges }) => ({
    // Of all shapes, some twice, some with another param.
    first: edges[n]!.slice(0, 1).map((child) => task(Node, { n: child, edges })),
    rest: Object.fromEntries(
      edges[n]!.slice(1).map((child, i) => [i, task(Node, { n: child, edges, copy: child % 2 })]),
    ),
    again: new Map(edges[n]!.map((child) => [child, [task(Node, { n: child, edges })]])),
  }))
  below!: unknown;
  run() {}
}

/** The expected result by a plain recursion: nodes by name, each after its requirements. */
function reference(edges: Edges, roots: readonly number[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const visit = (n: number, copy: number): string => {
    const name = `${n}/${copy}`;
    if (found.has(name)) return name;
    const children = edges[n]!.flatMap((child, i) => [visit(child, 0), ...(i > 0 ? [visit(child, child % 2)] : [])]);
    found.set(name, [...new Set(children)].sort());
    return name;
  };
  for (const root of roots) visit(root, 0);
  return found;
}

const edges: fc.Arbitrary<Edges> = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((lists) => lists.map((list, n) => (n === 0 ? [] : [...new Set(list.map((child) => child % n))])));

it('finds the nodes and edges that a plain recursion finds, and orders each after its requirements', async () => {
  await fc.assert(
    fc.asyncProperty(edges, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), async (lists, picks) => {
      const roots = picks.map((pick) => pick % lists.length);
      const graph = await graphOf(roots.map((n) => task(Node, { n, edges: lists })));
      const nameOf = (index: number) => `${graph.nodes[index]!.params['n']}/${graph.nodes[index]!.params['copy']}`;

      const found = new Map<string, readonly string[]>();
      for (const index of graph.order) {
        const children = Array.from(graph.requirementsOf(index), nameOf);
        for (const child of children) expect(found.has(child)).toBe(true);
        expect(found.has(nameOf(index))).toBe(false);
        found.set(nameOf(index), children.sort());
      }
      expect(found.size).toBe(graph.nodes.length);
      const sorted = (map: Map<string, readonly string[]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(sorted(found)).toEqual(sorted(reference(lists, roots)));
    }),
    { numRuns: 300 },
  );
});

it('knows a path from the target to each node', async () => {
  await fc.assert(
    fc.asyncProperty(edges, async (lists) => {
      const graph = await graphOf(task(Node, { n: lists.length - 1, edges: lists }));
      for (const { index } of graph.nodes) {
        let at = index;
        for (let steps = 0; graph.requiredBy[at] !== -1; steps++) {
          const by = graph.requiredBy[at]!;
          expect([...graph.requirementsOf(by)]).toContain(at);
          expect(steps).toBeLessThan(graph.nodes.length);
          at = by;
        }
        expect(graph.nodes[at]).toBe(graph.targets[0]);
      }
    }),
  );
});

it('identifies plain and prepared params alike', async () => {
  @Task()
  class Many {
    @Param() a!: number;
    @Param() b = 'b';
    @Param({ optional: true }) c?: boolean;
    @Param({ type: Object }) any: unknown = 0;
    run() {}
  }
  @Task()
  class One {
    @Param() n = 0;
    run() {}
  }
  const number = fc.oneof(fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY), fc.double());
  const given = fc.record(
    { a: number, b: fc.string(), c: fc.boolean(), any: fc.oneof(number, fc.string(), fc.boolean()) },
    { requiredKeys: ['a'] },
  );
  await fc.assert(
    fc.asyncProperty(given, async (params) => {
      // Undefined counts as not given, and prevents the plain identity.
      const both = await graphOf([task(Many, params), task(Many, { ...params, more: undefined } as typeof params)]);
      expect(both.nodes).toHaveLength(1);
      const { a, b = 'b', c, any = 0 } = params;
      const plain = (value: unknown) => (value === 0 ? 0 : value);
      expect(both.nodes[0]!.params).toEqual({ a: plain(a), b, ...(c !== undefined && { c }), any: plain(any) });
      const one = await graphOf([task(One, { n: a }), task(One, { n: a, more: undefined } as { n: number })]);
      expect(one.nodes.map((node) => node.params)).toEqual([{ n: plain(a) }]);
    }),
  );
});
