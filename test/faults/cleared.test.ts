import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Requires, Runner, Storage, Task } from 'tidemark';
import { Child } from '../support/child';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { describeWithRedis } from '../support/redis-server';
import { Signal } from '../support/signal';
import { temporaryFolder } from '../support/temporary-folder';
import type { Place } from './fixtures/run-and-clear';

let outside = 'old';
beforeEach(() => void (outside = 'old'));

@Task({ save: true })
class Source {
  run(): string {
    return outside;
  }
}

let begun: Signal;
let goOn: Signal;

@Task({ save: true })
class Late {
  @Requires(Source) source!: string;
  async run(): Promise<string> {
    begun.fire();
    await goOn.promise;
    return this.source;
  }
}

it.each(['first', 'all'] as const)(
  'does not bring back what was cleared in a far layer while it was used (write: %s)',
  async (write) => {
    [begun, goOn] = [new Signal(), new Signal()];
    const [near, far] = [Storage.open('memory:'), Storage.open('memory:')];
    const runners = [Storage.chain(near, far, { write, promote: true }), far].map((storage) => new Runner({ storage }));
    const [chained, alone] = runners as [Runner, Runner];
    await chained.run(Source);
    const late = chained.run(Late);
    await begun.promise;
    outside = 'new';
    await alone.clear(Source);
    goOn.fire();
    expect(await late).toBe('old');
    for (const runner of [chained, alone, chained])
      expect([await runner.run(Late), await runner.run(Source)]).toEqual(['new', 'new']);
  },
);

it('does not bring back a result that was cleared while it was copied to a nearer layer', async () => {
  const [near, far] = [new ObservedStore(), Storage.open('memory:')];
  await new Runner({ storage: far }).run(Source);
  [begun, goOn] = [new Signal(), new Signal()];
  near.before = (operation, key) => {
    if (operation !== 'set' || !key.startsWith('Source/')) return undefined;
    begun.fire();
    return goOn.promise;
  };
  const storage = Storage.chain(Storage.open(near), far, { promote: true });
  const copying = outcomeOf(new Runner({ storage }).start(Source));
  await begun.promise;
  near.before = () => undefined;
  outside = 'new';
  await new Runner({ storage: far }).clear(Source);
  goOn.fire();
  expect((await copying).result).toBe('old');
  expect(near.ofResults).toEqual([expect.stringMatching(/^Source\//)]);
  expect(await new Runner({ storage }).run(Source)).toBe('new');
});

const folder = temporaryFolder();
const fixture = join(__dirname, 'fixtures/run-and-clear.ts');

describeWithRedis('with a redis-server', (server) => {
  it('never brings back a cleared result, in any chain of files and Redis', async () => {
    const notes = join(folder.path, 'notes');
    mkdirSync(notes);
    const [a, b, far] = [`file:${folder.path}/a`, `file:${folder.path}/b`, server.uri()];
    const places: Omit<Place, 'notes'>[] = [
      { uris: [a, far], chain: { promote: true } },
      { uris: [b, far], chain: { promote: true, write: 'all' } },
      { uris: [a, far], chain: { write: 'all' } },
      { uris: [far], chain: {} },
    ];
    const start = (place: object, id: string, milliseconds: number) =>
      new Child(fixture, [id, JSON.stringify({ ...place, notes }), String(milliseconds)]);
    const surviving = places.map((place, i) => start(place, `s${i}`, 4000));
    const killed = places.slice(0, 2).map((place, i) => start(place, `k${i}`, 60_000));
    await wait(2500);
    for (const child of killed) child.process.kill('SIGKILL');
    const ended = await Promise.all(surviving.map((child) => child.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const counts = ended.map(({ output }) => JSON.parse(output));
    for (const what of ['ran', 'loaded', 'cleared']) expect(counts.some((count) => count[what] > 0)).toBe(true);
    await Promise.all(killed.map((child) => child.ended));
  });
});
