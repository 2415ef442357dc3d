import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Executor, Runner } from 'tidemark';
import { classes, type Planned, refOf, resultOf } from '../run/fixtures/random-workers';
import { outcomeOf } from './outcome';

/** Where the tasks of random worlds run. */
export interface Places {
  readonly runner: Runner;
  /** What runs the queues `threads` and `processes`; `here` is this process. */
  readonly threads: Executor;
  readonly processes: Executor;
  readonly folder: string;
}

const queueOf = { H: 'here', T: 'threads', P: 'processes' } as const;

const node = fc.record({
  requires: fc.array(fc.nat(), { maxLength: 3 }),
  cls: fc.nat(classes.length - 1),
  isAsync: fc.boolean(),
});
const scenario = fc.record({
  nodes: fc.array(node, { minLength: 2, maxLength: 14 }),
  failing: fc.array(fc.nat(), { maxLength: 3 }),
  limits: fc.record({
    here: fc.integer({ min: 1, max: 4 }),
    threads: fc.integer({ min: 1, max: 4 }),
    processes: fc.integer({ min: 1, max: 4 }),
  }),
  onFailure: fc.constantFrom('stop' as const, 'continue' as const),
});
type Limits = Readonly<Record<'here' | 'threads' | 'processes', number>>;

/** What ran, in order, as the tasks themselves have noted it. */
function read(world: string): readonly { what: string; cls: string; n: number }[] {
  const lines = readFileSync(`${world}.log`, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [what, cls, n] = line.split(' ') as [string, string, string];
    return { what, cls, n: Number(n) };
  });
}

function expectLimits(notes: ReturnType<typeof read>, limits: Limits): void {
  const running = { here: 0, threads: 0, processes: 0 };
  for (const { what, cls } of notes) {
    const queue = queueOf[cls[0] as keyof typeof queueOf];
    running[queue] += what === 'begin' ? 1 : -1;
    expect(running[queue]).toBeLessThanOrEqual(limits[queue]);
  }
}

/** Runs all tasks of a world; gives what ran. */
async function run(
  { runner, threads, processes }: Places,
  world: string,
  nodes: readonly Planned[],
  limits: Limits,
  onFailure: 'stop' | 'continue',
) {
  writeFileSync(`${world}.log`, '');
  const outcome = await outcomeOf(
    runner.start(
      nodes.map((_, n) => refOf(world, n)),
      {
        onFailure,
        queues: {
          here: { concurrency: limits.here },
          threads: { concurrency: limits.threads, executor: threads },
          processes: { concurrency: limits.processes, executor: processes },
        },
      },
    ),
  );
  const notes = read(world);
  expectLimits(notes, limits);
  const begun = notes.filter(({ what }) => what === 'begin').map(({ n }) => n);
  expect(begun).toHaveLength(new Set(begun).size);
  return { outcome, begun: new Set(begun) };
}

let worlds = 0;

/**
 * Random graphs whose tasks run in several places give what a plain evaluation gives, within all limits, each once; what
 * a failure left over is saved, and a second run goes on from it.
 */
export async function checkRandomWorlds(places: Places, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ nodes: any, failing: some, limits, onFailure }) => {
      const nodes = any.map((one, n) => ({
        ...one,
        requires: n === 0 ? [] : [...new Set(one.requires.map((at) => at % n))],
      }));
      const expected: number[] = [];
      for (const [n, { requires }] of nodes.entries())
        expected[n] = resultOf(
          n,
          requires.map((at) => expected[at]!),
        );
      const failing = new Set(some.map((n) => n % nodes.length));
      const world = join(places.folder, `world-${worlds++}`);
      writeFileSync(world, JSON.stringify(nodes));
      writeFileSync(`${world}.failing`, JSON.stringify([...failing]));

      const first = await run(places, world, nodes, limits, onFailure);
      if (failing.size === 0) expect(first.outcome.result).toEqual(expected);
      else expect(first.outcome.error.errors.length).toBeGreaterThan(0);
      const done = [...first.begun].filter((n) => !failing.has(n));
      for (const n of first.begun) for (const at of nodes[n]!.requires) expect(done).toContain(at);
      if (onFailure === 'continue') {
        const doomed = new Set(failing);
        for (const [n, { requires }] of nodes.entries()) if (requires.some((at) => doomed.has(at))) doomed.add(n);
        expect(new Set(done)).toEqual(new Set([...nodes.keys()].filter((n) => !doomed.has(n))));
      }

      writeFileSync(`${world}.failing`, '[]');
      const second = await run(places, world, nodes, limits, onFailure);
      expect(second.outcome.result).toEqual(expected);
      const isSaved = (n: number) => classes[nodes[n]!.cls]!.name.endsWith('Saved');
      expect([...second.begun].filter((n) => isSaved(n) && done.includes(n))).toEqual([]);
    }),
    { numRuns },
  );
}
