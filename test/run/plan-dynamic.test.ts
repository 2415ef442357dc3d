import 'reflect-metadata';
import fc from 'fast-check';
import { Param, type Plan, type PlannedNode, Requires, Runner, Storage, Task, task } from 'tidemark';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { change, declare, happen, type Planned, size, worlds } from './fixtures/dynamic-world';

/** What a run did with each key first. */
async function doneBy(runner: Runner, target: any): Promise<{ ran: Set<string>; loaded: Set<string> }> {
  const { events, error } = await outcomeOf(runner.start(target));
  if (error) throw error;
  const done = { ran: new Set<string>(), loaded: new Set<string>() };
  for (const event of events) {
    if (event.type === 'task-started' && !done.loaded.has(event.node.key!)) done.ran.add(event.node.key!);
    if (event.type === 'task-loaded' && !done.ran.has(event.node.key!)) done.loaded.add(event.node.key!);
  }
  return done;
}

const keysOf = (nodes: readonly PlannedNode[], wanted: (node: PlannedNode) => boolean) =>
  nodes.filter(wanted).map(({ key }) => key!);

function compare({ nodes }: Plan, { ran, loaded }: { ran: Set<string>; loaded: Set<string> }): void {
  const run = keysOf(nodes, ({ action }) => action === 'run');
  const load = keysOf(nodes, ({ action }) => action === 'load');
  expect([run.filter((key) => !ran.has(key)), load.filter((key) => !loaded.has(key))]).toEqual([[], []]);
  const isRunning = (node: PlannedNode) =>
    node.action === 'run' || (node.action === 'unknown' && node.likely === 'run');
  // Nobody knows what these give: they stand for anything.
  if (nodes.some((node) => isRunning(node) && node.names === undefined)) return;
  const isLoading = (node: PlannedNode) => node.action === 'load' || (node.action === 'unknown' && !isRunning(node));
  expect(keysOf(nodes, isRunning).sort()).toEqual([...ran].sort());
  expect(keysOf(nodes, isLoading).sort()).toEqual([...loaded].sort());
}

let version = 1;

/** Words and their lengths, as a start of a program would declare them. */
function declareWords({ savesWords = true } = {}) {
  @Task({ name: 'Word', save: true, version })
  class Word {
    @Param() text!: string;
    run(): number {
      return this.text.length;
    }
  }
  @Task({ name: 'Words', save: savesWords })
  class Words {
    @Param() text!: string;
    run() {
      return this.text.split(' ').map((text) => task(Word, { text }));
    }
  }
  @Task({ name: 'Longest', save: true })
  class Longest {
    @Param() text = 'a graph';
    @Requires(Words) lengths!: number[];
    run(): number {
      return Math.max(...this.lengths);
    }
  }
  return { Word, Words, Longest };
}

const shown = ({ nodes }: Plan) =>
  nodes.map((node) => {
    const text = node.params['text'] ?? '';
    return `${node.action}${node.action === 'unknown' ? ` (${node.likely})` : ''} ${node.task} ${text}`;
  });

beforeEach(() => void (version = 1));
const open = (storage: Storage) => new Runner({ storage, onWarning: () => {} });

it('does not know what a result names that nobody has seen', async () => {
  const plan = await open(Storage.open('memory:')).plan(declareWords().Longest);
  expect([shown(plan), plan.unknown]).toEqual([['run Words a graph', 'run Longest a graph'], 0]);
  expect(plan.nodes.map(({ names }) => names)).toEqual([undefined, undefined]);
});

it('follows what results name that would be loaded', async () => {
  const storage = Storage.open('memory:');
  await open(storage).run(declareWords().Longest);
  version = 2;
  const { Longest, Words } = declareWords();
  expect(shown(await open(storage).plan(Words, { text: 'a graph' }))).toEqual([
    'run Word a',
    'run Word graph',
    'load Words a graph',
  ]);
  const plan = await open(storage).plan(Longest);
  expect(shown(plan)).toEqual(['run Word a', 'run Word graph', 'load Words a graph', 'run Longest a graph']);
  const [a, graph, words, longest] = plan.nodes;
  expect([words!.names, longest!.requires, longest!.names]).toEqual([[a!.key, graph!.key], [words!.key], []]);
  expect([plan.toRun, plan.toLoad, plan.unknown]).toEqual([3, 1, 0]);
});

it('says what is needed if a task that is to run names what it named last time', async () => {
  const storage = Storage.open('memory:');
  await open(storage).run(declareWords({ savesWords: false }).Longest);
  version = 2;
  const { Longest } = declareWords({ savesWords: false });
  const runner = open(storage);
  const plan = await runner.plan(Longest);
  expect(shown(plan)).toEqual([
    'unknown (run) Word a',
    'unknown (run) Word graph',
    'run Words a graph',
    'run Longest a graph',
  ]);
  expect(plan.nodes[0]).toMatchObject({ why: "if Words({ text: 'a graph' }) names what it named last time" });
  expect([plan.toRun, plan.unknown]).toEqual([2, 2]);
  expect((await outcomeOf(runner.start(Longest))).summary.ran).toBe(4);
});

it('asks no task whether it restores its result, and does not know', async () => {
  const called = jest.fn();
  @Task({ save: true })
  class Base {
    run(): number {
      return 1;
    }
  }
  @Task()
  class Kept {
    @Requires(Base) base!: number;
    run(): number {
      return this.base;
    }
  }
  (Kept.prototype as any).restore = called;
  const plan = await open(Storage.open('memory:')).plan(Kept);
  expect(plan.nodes).toMatchObject([
    { action: 'unknown', task: 'Base', why: 'if restore() of Kept gives nothing', likely: 'run' },
    { action: 'unknown', task: 'Kept', why: 'its restore() is asked first', likely: 'run' },
  ]);
  expect(called).not.toHaveBeenCalled();
});

it('says which saved result names what is not here any more', async () => {
  const storage = Storage.open('memory:');
  @Task({ name: 'Gone' })
  class Gone {
    @Param() size = 1;
    run(): number {
      return this.size;
    }
  }
  @Task({ name: 'Names', save: true })
  class Names {
    run() {
      return [task(Gone, { size: 2 })];
    }
  }
  await open(storage).run(Names);
  @Task({ name: 'Gone' })
  class Other {
    run(): number {
      return 1;
    }
  }
  expect(new Other().run()).toBe(1);
  await expect(open(storage).plan(Names)).rejects.toThrow(
    'the saved result of Names cannot be followed: Gone has no param size',
  );
});

it('plans to run what holds refs and cannot be read', async () => {
  const entries = new Map<string, unknown>();
  const storage = Storage.open(entries as never);
  const { Words } = declareWords();
  const runner = open(storage);
  await runner.run(Words, { text: 'a graph' });
  const key = await runner.key(Words, { text: 'a graph' });
  const [name] = [...entries.keys()].filter((one) => one.includes(key.split('/')[1]!));
  const entry = Buffer.from(entries.get(name!) as Uint8Array);
  entry[entry.length - 1]! ^= 1;
  entries.set(name!, entry);
  const plan = await runner.plan(Words, { text: 'a graph' });
  expect(plan.nodes.at(-1)).toMatchObject({ task: 'Words', action: 'run', why: expect.stringContaining('damaged') });
});

it('follows a chain of thousands of steps', async () => {
  const storage = Storage.open('memory:');
  @Task({ save: true })
  class Step {
    @Param() left!: number;
    run(): unknown {
      return this.left === 0 ? 'done' : task(Step as any, { left: this.left - 1 });
    }
  }
  await open(storage).run(Step, { left: 3000 });
  const plan = await open(storage).plan(Step, { left: 3000 });
  expect([plan.toLoad, plan.toRun, plan.nodes.at(-1)!.params]).toEqual([3001, 0, { left: 3000 }]);
  await storage.delete(await open(storage).key(Step, { left: 5 }));
  const broken = await open(storage).plan(Step, { left: 3000 });
  expect([broken.toLoad, broken.toRun]).toEqual([2995, 1]);
});

/** A chain that leads to what another execution has resolved in one run, and not in the next. */
const resolvedElsewhere: [Planned[], number, { node: number; how: 'version' | 'delete' }[]] = [
  [
    { requires: [], names: [], isChain: false, isSaved: true, isSlow: true },
    { requires: [], names: [0], isChain: false, isSaved: true, isSlow: true },
    { requires: [1, 0], names: [1], isChain: true, isSaved: true, isSlow: false },
    { requires: [0], names: [0], isChain: true, isSaved: true, isSlow: false },
    { requires: [0, 2, 3], names: [2, 0], isChain: false, isSaved: true, isSlow: false },
    { requires: [2, 3, 4], names: [2, 3], isChain: true, isSaved: false, isSlow: true },
    { requires: [3], names: [3, 4], isChain: true, isSaved: true, isSlow: true },
    { requires: [2, 6, 1], names: [5, 3], isChain: false, isSaved: true, isSlow: false },
    { requires: [], names: [7], isChain: true, isSaved: true, isSlow: true },
  ],
  2,
  [
    { node: 8, how: 'version' },
    { node: 0, how: 'delete' },
    { node: 2, how: 'delete' },
  ],
];

/** A checkpoint waits to be compared with what another execution has computed when it comes to it. */
const savedMeanwhile: typeof resolvedElsewhere = [
  [
    [[], []],
    [[0], [0]],
    [[], []],
    [[1], []],
    [[], []],
    [[0, 3], []],
    [[], [5]],
    [[], []],
    [[3, 6], []],
  ].map(([requires, names]) => ({ requires: requires!, names: names!, isChain: false, isSaved: true, isSlow: false })),
  1,
  [
    { node: 0, how: 'delete' },
    { node: 3, how: 'version' },
  ],
];

it('says what a run does, whatever results name and whatever changes', async () => {
  let known = 0;
  const check = async (world: Planned[], concurrency: number, changes: { node: number; how: string }[]) => {
    const storage = Storage.open('memory:');
    const versions = world.map(() => 1);
    for (const { node, how } of [{ node: 0, how: 'nothing' }, ...changes]) {
      if (how === 'version') versions[node]!++;
      const classes = declare(world, versions);
      const runner = new Runner({ storage, concurrency, onWarning: () => {} });
      await happen({ node, how }, storage, runner, classes);
      const before = (await collect(storage.list())).length;
      const plan = await runner.plan(classes[size - 1]!);
      expect((await collect(storage.list())).length).toBe(before);
      compare(plan, await doneBy(runner, classes[size - 1]!));
      if (plan.unknown > 0) known++;
    }
  };
  const runs = fc.array(change, { maxLength: 5 });
  await fc.assert(fc.asyncProperty(worlds, fc.integer({ min: 1, max: 4 }), runs, check), {
    numRuns: 200,
    examples: [resolvedElsewhere, savedMeanwhile],
  });
  expect(known).toBeGreaterThan(0);
}, 120_000);
