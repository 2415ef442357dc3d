import { Runner, Storage } from 'tidemark';
import { declare, expected, type Planned } from './fixtures/dynamic-world';

const none = { requires: [], names: [], isChain: false, isSaved: true, isSlow: true };
// What 3 saved came from a result of 2 whose parts were one object; those of a later one were loaded one by one.
const world: Planned[] = [
  { ...none, isSaved: false, isSlow: false },
  { ...none, requires: [0] },
  { ...none, requires: [1, 0], isChain: true },
  { ...none, requires: [2, 1, 0] },
  { ...none, requires: [1, 2, 0], names: [1] },
  { ...none, requires: [0, 2, 3] },
  { ...none, names: [1], isChain: true },
  { ...none, requires: [5], names: [3, 0], isChain: true, isSlow: false },
  { ...none, requires: [3, 2, 6], names: [0, 5], isChain: true, isSaved: false },
];

it('runs a node once whose checkpoint came from something else, and was looked for again', async () => {
  const storage = Storage.open('memory:');
  const versions = world.map(() => 1);
  const run = async () => {
    const [, , two, , , , , , last] = declare(world, versions, { passOn: (required) => required });
    const runner = new Runner({ storage, concurrency: 2, onWarning: () => {} });
    const started = runner.start(last!);
    const counts = new Map<string, number>();
    for await (const event of started.events)
      if (event.type === 'task-started') counts.set(event.node.task, (counts.get(event.node.task) ?? 0) + 1);
    const result = await started.result;
    await storage.delete(await runner.key(two!));
    return { result, counts };
  };
  await run();
  const { result, counts } = await run();
  expect(result).toEqual(expected(world, versions, 8));
  expect([counts.get('Random2'), counts.get('Random3') ?? 0]).toEqual([1, 1]);
}, 5_000);
