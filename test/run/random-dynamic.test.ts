import 'reflect-metadata';
import fc from 'fast-check';
import { Runner, Storage } from 'tidemark';
import { change, declare, expected, happen, type Planned, ran, size, worlds } from './fixtures/dynamic-world';

/** One execution comes to what another has computed, needs no more, and has not ended. */
const neededNoMore: readonly Planned[] = Array.from({ length: size }, (_, n) => ({
  requires: n === 3 ? [1] : n === 8 ? [6, 3, 0] : [],
  names: n === 6 ? [3] : [],
  isChain: false,
  isSaved: true,
  isSlow: n === 1,
}));

it('gives the right results, and runs no saved task twice, whatever results name and whatever changes', async () => {
  const check = async (world: Planned[], concurrency: number, changes: { node: number; how: string }[]) => {
    const storage = Storage.open('memory:');
    const versions = world.map(() => 1);
    const target = size - 1;
    for (const { node, how } of [{ node: 0, how: 'nothing' }, ...changes]) {
      if (how === 'version') versions[node]!++;
      const classes = declare(world, versions);
      const runner = new Runner({ storage, concurrency, onWarning: () => {} });
      await happen({ node, how }, storage, runner, classes);
      ran.length = 0;
      expect(await runner.run(classes[target]!)).toEqual(expected(world, versions, target));
      const saved = ran.filter((n) => world[n]!.isSaved);
      expect(new Set(saved).size).toBe(saved.length);
      ran.length = 0;
      expect(await runner.run(classes[target]!)).toEqual(expected(world, versions, target));
      expect(ran.filter((n) => world[n]!.isSaved)).toEqual([]);
    }
  };
  await fc.assert(fc.asyncProperty(worlds, fc.integer({ min: 1, max: 4 }), fc.array(change, { maxLength: 4 }), check), {
    numRuns: 100,
    examples: [[[...neededNoMore], 1, []]],
  });
}, 60_000);

it('runs no saved task twice in several runs at the same time, when they are to run once everywhere', async () => {
  const check = async (world: Planned[], concurrency: number, changes: { node: number; how: string }[]) => {
    const storage = Storage.open('memory:');
    const versions = world.map(() => 1);
    const target = size - 1;
    for (const { node, how } of [{ node: 0, how: 'nothing' }, ...changes]) {
      if (how === 'version') versions[node]!++;
      const classes = declare(world, versions, { isOnce: true });
      const runners = Array.from({ length: 3 }, () => new Runner({ storage, concurrency, onWarning: () => {} }));
      const [runner] = runners as [Runner];
      await happen({ node, how }, storage, runner, classes);
      ran.length = 0;
      const results = await Promise.all(runners.map((one) => one.run(classes[target]!)));
      for (const result of results) expect(result).toEqual(expected(world, versions, target));
      const saved = ran.filter((n) => world[n]!.isSaved);
      expect(new Set(saved).size).toBe(saved.length);
    }
  };
  await fc.assert(fc.asyncProperty(worlds, fc.integer({ min: 1, max: 4 }), fc.array(change, { maxLength: 4 }), check), {
    numRuns: 100,
  });
}, 60_000);
