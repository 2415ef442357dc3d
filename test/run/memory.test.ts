import { join } from 'node:path';
import { Child, runChild } from '../support/child';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const loop = join(__dirname, 'fixtures/long-loop.ts');
const options = { nodeOptions: ['--expose-gc'] };

interface Held {
  readonly most: number;
  readonly left: number;
}

interface Loop {
  readonly result: number;
  readonly ran: number;
  readonly grown: number;
}

it('holds results only while something still needs them', async () => {
  const { chain, wide } = await runChild<{ chain: Held; wide: Held }>(join(__dirname, 'fixtures/held-results.ts'), [], {
    nodeOptions: ['--expose-gc'],
  });
  // Of 200 results: the one that is needed, the one that is made, and what the last few promises still hold.
  expect(chain.most).toBeLessThan(8);
  expect(wide.most).toBeLessThan(8);
  expect(chain.left).toBeLessThan(3);
  expect(wide.left).toBeLessThan(3);
});

it('keeps nothing of the steps of a loop of 100,000', async () => {
  const { grown, ...done } = await runChild<Loop>(loop, ['memory:', '100000'], options);
  expect(done).toEqual({ result: 100_000, ran: 100_000 });
  // A few dozen bytes for each of the last 30,000 steps would be as much.
  expect(grown).toBeLessThan(1_500_000);
}, 120_000);

it('resumes a loop at the step at which it was killed', async () => {
  const storage = `file:${folder.path}`;
  expect((await new Child(loop, [storage, '2000', '1200'], options).ended).signal).toBe('SIGKILL');
  // The step that was killed had not been saved.
  expect(await runChild<Loop>(loop, [storage, '2000'], options)).toMatchObject({ result: 2_000, ran: 801 });
}, 120_000);

it('keeps nothing of dynamic runs that are over, although no turn of the event loop ends between them', async () => {
  const fixture = join(__dirname, 'fixtures/many-dynamic-runs.ts');
  const grown = await runChild<Record<string, number>>(fixture, ['1500'], options);
  // A run that is kept takes 20 KB or more: 30 MB for 1,500 of them.
  expect(Object.entries(grown).filter(([, bytes]) => bytes > 3_000_000)).toEqual([]);
}, 120_000);

it('leaves no rejection unhandled, whatever fails', async () => {
  expect(await runChild(join(__dirname, 'fixtures/rejections.ts'))).toEqual({ failed: true, uncaught: [] });
});

it('lets go of classes that are declared again', async () => {
  const kept = await runChild<Record<string, number>>(join(__dirname, 'fixtures/declared-again.ts'), ['100'], options);
  // All 100 of them hold 20 MB.
  expect(Object.entries(kept).filter(([, megabytes]) => megabytes > 3)).toEqual([]);
  expect(Object.keys(kept)).toHaveLength(6);
});

it.each(['Countdown', 'Growing', 'Nested'])(
  'says that memory is nearly used up by a recursion without an end: %s',
  async (kind) => {
    const fixture = join(__dirname, 'fixtures/endless.ts');
    const said = await runChild<string>(fixture, [kind], { nodeOptions: ['--max-old-space-size=100'] });
    expect(said).toMatch(/\d+ of \d+ MB of memory are used, and .* so far: does a task .* with ever new params\?/);
    expect(said).toMatch(new RegExp(`required by ${kind}`));
  },
  60_000,
);
