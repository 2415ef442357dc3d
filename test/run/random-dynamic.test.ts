import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Requires, Runner, Storage, Task, type TaskClass, task } from 'tidemark';

/** A task by number: it requires, and its result names, tasks of lower numbers. */
interface Plan {
  readonly requires: readonly number[];
  readonly names: readonly number[];
  /** Whether its result is just a ref to the first that it names. */
  readonly isChain: boolean;
  readonly isSaved: boolean;
  readonly isSlow: boolean;
}

const size = 9;
const below = (n: number) => fc.uniqueArray(fc.nat(Math.max(n - 1, 0)), { maxLength: n === 0 ? 0 : 3 });
const plans: fc.Arbitrary<Plan[]> = fc.tuple(
  ...Array.from({ length: size }, (_, n) =>
    fc.record({
      requires: below(n),
      names: below(n),
      isChain: fc.boolean(),
      isSaved: fc.boolean(),
      isSlow: fc.boolean(),
    }),
  ),
);
const change = fc.record({ node: fc.nat(size - 1), how: fc.constantFrom('version', 'clear', 'nothing') });

let ran: number[] = [];

/** The tasks of a world, as one start of a program would declare them. */
function declare(world: readonly Plan[], versions: readonly number[]): TaskClass[] {
  const classes: TaskClass[] = [];
  for (const [n, { requires, names, isChain, isSaved, isSlow }] of world.entries()) {
    class Node {
      required!: unknown[];
      async run(): Promise<unknown> {
        ran.push(n);
        if (isSlow) await sleep(1);
        const refs = names.map((name) => task(classes[name]!));
        if (isChain && refs.length > 0) return refs[0];
        return { n, version: versions[n], required: this.required, named: refs };
      }
    }
    Requires(() => requires.map((one) => task(classes[one]!)))(Node.prototype as any, 'required' as never);
    Task({ name: `Random${n}`, save: isSaved, version: versions[n]! })(Node as never);
    classes.push(Node as unknown as TaskClass);
  }
  return classes;
}

/** What a task gives in the end. */
function expected(world: readonly Plan[], versions: readonly number[], n: number): unknown {
  const { requires, names, isChain } = world[n]!;
  const of = (one: number) => expected(world, versions, one);
  if (isChain && names.length > 0) return of(names[0]!);
  return { n, version: versions[n], required: requires.map(of), named: names.map(of) };
}

it('gives the right results, and runs no saved task twice, whatever results name and whatever changes', async () => {
  const check = async (world: Plan[], concurrency: number, changes: { node: number; how: string }[]) => {
    const storage = Storage.open('memory:');
    const versions = world.map(() => 1);
    const target = size - 1;
    for (const { node, how } of [{ node: 0, how: 'nothing' }, ...changes]) {
      if (how === 'version') versions[node]!++;
      const classes = declare(world, versions);
      const runner = new Runner({ storage, concurrency, onWarning: () => {} });
      if (how === 'clear') await runner.clear(classes[node]!, {} as never);
      ran = [];
      expect(await runner.run(classes[target]!)).toEqual(expected(world, versions, target));
      const saved = ran.filter((n) => world[n]!.isSaved);
      expect(new Set(saved).size).toBe(saved.length);
      ran = [];
      expect(await runner.run(classes[target]!)).toEqual(expected(world, versions, target));
      expect(ran.filter((n) => world[n]!.isSaved)).toEqual([]);
    }
  };
  await fc.assert(fc.asyncProperty(plans, fc.integer({ min: 1, max: 4 }), fc.array(change, { maxLength: 4 }), check), {
    numRuns: 100,
  });
}, 60_000);
