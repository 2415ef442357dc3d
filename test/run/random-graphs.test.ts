import fc, { type Arbitrary } from 'fast-check';
import { Runner } from 'tidemark';
import { decodeEntry } from '../../src/storage/format/entry-format';
import { ObservedStore } from '../support/observed-store';
import { type Outcome, outcomeOf } from '../support/outcome';
import { evaluate, kinds, limits, type Planned, refOf, world } from './fixtures/random-graph';

const node = fc.record({
  requires: fc.array(fc.nat(), { maxLength: 3 }),
  kind: fc.nat(kinds.length - 1),
  isAsync: fc.boolean(),
  isLarge: fc.boolean(),
});
const change = fc.record({
  what: fc.constantFrom('delete', 'damage record', 'damage bytes', 'clear', 'clear all'),
  n: fc.nat(),
  at: fc.nat(),
});
const round = fc.record({
  targets: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  failing: fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat(), { maxLength: 4 })),
  onFailure: fc.constantFrom('stop' as const, 'continue' as const),
  changes: fc.array(change, { maxLength: 4 }),
});
const scenario = fc.record({
  nodes: fc.array(node, { minLength: 1, maxLength: 25 }),
  rounds: fc.array(round, { minLength: 2, maxLength: 6 }),
  isSlow: fc.boolean(),
});

type Round = typeof round extends Arbitrary<infer T> ? T : never;

/** What a plain model knows of a graph's checkpoints: which are there and count. */
class Model {
  readonly valid = new Set<number>();
  /** Those whose damage is found only when they are loaded. */
  readonly damaged = new Set<number>();

  /** What a run towards targets loads and runs. */
  demand(targets: Iterable<number>): { readonly load: Set<number>; readonly run: Set<number> } {
    const [load, run, stack] = [new Set<number>(), new Set<number>(), [...targets]];
    while (stack.length > 0) {
      const n = stack.pop()!;
      if (this.valid.has(n)) load.add(n);
      else if (!run.has(n)) stack.push(...world.nodes[run.add(n) && n]!.requires);
    }
    return { load, run };
  }

  /** Those of a run that are, or need, one of `seeds`. */
  downstream(run: ReadonlySet<number>, seeds: ReadonlySet<number>): Set<number> {
    const found = new Set<number>();
    for (const n of [...run].sort((a, b) => a - b))
      if (seeds.has(n) || world.nodes[n]!.requires.some((at) => found.has(at))) found.add(n);
    return found;
  }

  forget(n: number): void {
    const all = new Set(world.nodes.keys());
    for (const at of this.downstream(all, new Set([n]))) this.valid.delete(at);
  }
}

async function apply(
  model: Model,
  runner: Runner,
  store: ObservedStore,
  { what, n: any, at }: { what: string; n: number; at: number },
): Promise<void> {
  const n = any % world.nodes.length;
  const { kind } = world.nodes[n]!;
  const key = await runner.key(refOf(n));
  const entry = store.entries.get(key);
  const head = entry ? Buffer.from(entry).indexOf('\n') + 1 : 0;
  const read = entry && decodeEntry(entry, key);
  const named = read?.state === 'whole' ? read.entry.blob : undefined;
  const beside = named && `${key}.${named}`;
  const flip = (name: string, from: number, to: number) => {
    const bytes = store.entries.get(name)!;
    store.entries.set(
      name,
      bytes.map((byte, i) => (i === from + (at % (to - from)) ? byte ^ 0x55 : byte)),
    );
    model.valid.delete(n);
  };
  switch (what) {
    case 'delete':
      await runner.storage.delete(key);
      return void model.valid.delete(n);
    case 'damage record':
      return entry && flip(key, 0, head);
    case 'damage bytes':
      // Of a checkpoint that does not count any more, nobody looks at the bytes.
      if (!entry || !model.valid.has(n)) return;
      model.damaged.add(n);
      return beside ? flip(beside, 0, store.entries.get(beside)!.length) : flip(key, head, entry.length);
    case 'clear':
      await runner.clear(refOf(n));
      return model.forget(n);
    case 'clear all':
      await runner.clear(kinds[kind]!.cls);
      for (const [other, { kind: its }] of world.nodes.entries()) if (its === kind) model.forget(other);
  }
}

/** A failing run saves what it can; what it did is what a model says it may do. */
function checkFailed(model: Model, { error, summary }: Outcome, run: ReadonlySet<number>, onFailure: string): void {
  const failed = new Set<number>(error.errors.map(({ params }: { params: { n: number } }) => params.n));
  const skipped = model.downstream(run, failed);
  expect(world.ran.filter((n) => skipped.has(n) || !run.has(n))).toEqual([]);
  expect([...failed].every((n) => world.failing.has(n))).toBe(true);
  expect(summary.failed).toBe(failed.size);
  if (onFailure === 'continue') expect(new Set(world.ran)).toEqual(new Set([...run].filter((n) => !skipped.has(n))));
}

async function play({
  nodes,
  rounds,
  isSlow,
}: {
  nodes: readonly Planned[];
  rounds: readonly Round[];
  isSlow: boolean;
}): Promise<void> {
  world.nodes = nodes.map((one, n) => ({
    ...one,
    requires: n === 0 ? [] : [...new Set(one.requires.map((any) => any % n))],
  }));
  const store = new ObservedStore();
  if (isSlow) store.before = () => new Promise((resolve) => setImmediate(resolve));
  const [expected, model] = [evaluate(), new Model()];
  for (const { targets: any, failing, onFailure, changes } of rounds) {
    const runner = new Runner({
      storage: store,
      concurrency: limits['all']!,
      queues: { narrow: { concurrency: limits['narrow']! }, wide: { concurrency: limits['wide']! } },
      onFailure,
    });
    const targets = any.map((n) => n % nodes.length);
    Object.assign(world, { failing: new Set(failing.map((n) => n % nodes.length)), ran: [], most: new Map() });
    const { load, run } = model.demand(targets);
    const outcome = await outcomeOf(runner.start(targets.map(refOf)));

    if ([...run].some((n) => world.failing.has(n))) {
      checkFailed(model, outcome, run, onFailure);
    } else {
      expect(outcome.error).toBeUndefined();
      expect(outcome.result.map(({ value }: { value: number }) => value)).toEqual(targets.map((n) => expected[n]));
      expect(new Set(world.ran)).toEqual(run);
      // Bytes turn out to be damaged late: what was let go by then is had once more.
      if (model.damaged.size === 0) expect([world.ran.length, outcome.summary.loaded]).toEqual([run.size, load.size]);
    }
    for (const [queue, limit] of Object.entries(limits)) expect(world.most.get(queue) ?? 0).toBeLessThanOrEqual(limit);
    for (const event of outcome.events) {
      if (event.type !== 'task-saved') continue;
      model.valid.add(event.node.params['n'] as number);
      model.damaged.delete(event.node.params['n'] as number);
    }
    for (const one of changes) await apply(model, runner, store, one);
  }
}

it('gives what a plain evaluation gives, and runs what a plain model says, whatever fails, is lost, broken or cleared', async () => {
  await fc.assert(fc.asyncProperty(scenario, play), { numRuns: Number(process.env['RUNS'] ?? 300) });
});
