import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Param, Requires, Runner, Storage, Task, TaskFailedError } from 'tidemark';
import { Child, runChild } from '../support/child';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/once-everywhere.ts');
const folder = temporaryFolder();

interface Said {
  readonly results: number[];
  readonly ran: number;
  readonly loaded: number;
  readonly storageErrors: number;
}

const expected: number[] = [];
for (let n = 0; n < 24; n++) expected.push(n >= 4 ? n + expected[n - 4]! + expected[n - 3]! : n);

const log = () => join(folder.path, 'ran.txt');
const started = () => (existsSync(log()) ? readFileSync(log(), 'utf8').trim().split('\n') : []);
const keysStarted = () => started().map((line) => line.split(' ')[0]);

function behavesAlike(storage: () => string): void {
  it('computes each key once though several processes run the same graph', async () => {
    const said = await Promise.all(Array.from({ length: 4 }, () => runChild<Said>(fixture, [storage(), log()])));
    for (const { results, storageErrors } of said) expect([results, storageErrors]).toEqual([expected, 0]);
    expect(keysStarted().sort()).toEqual(expected.map((_, n) => String(n)).sort());
    expect(said.reduce((sum, { ran }) => sum + ran, 0)).toBe(24);
  });

  it('goes on with what a killed process had begun', async () => {
    const killed = new Child(fixture, [storage(), log(), '400']);
    while (started().length === 0) await wait(5);
    const other = runChild<Said>(fixture, [storage(), log(), '20']);
    await wait(300);
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(await other).toMatchObject({ results: expected, storageErrors: 0 });
  });

  it('uses the result of another when it was stopped for longer than its lease lasts', async () => {
    const asleep = new Child(fixture, [storage(), log(), '300']);
    while (started().length === 0) await wait(5);
    asleep.process.kill('SIGSTOP');
    const other = await runChild<Said>(fixture, [storage(), log(), '1']);
    asleep.process.kill('SIGCONT');
    const { output } = await asleep.ended;
    expect(JSON.parse(output)).toMatchObject({ results: other.results, storageErrors: 0 });
    const records = await collect(Storage.open(storage()).list());
    expect(new Set(records.map(({ savedBy }) => savedBy)).size).toBe(1);
  });
}

describe('files', () => behavesAlike(() => `file:${join(folder.path, 'store')}`));
describeWithRedis('Redis', (server) => {
  afterEach(() => server.cli('flushall'));
  behavesAlike(() => server.uri());
});

let ran = 0;
let isBroken = false;
@Task({ save: true, once: 'everywhere' })
class Slow {
  @Param() n = 0;
  async run(): Promise<number> {
    ran++;
    await wait(30);
    if (isBroken) throw new Error('broken');
    return ran;
  }
}

beforeEach(() => {
  ran = 0;
  isBroken = false;
});

it('runs once in several runners of one process, and says who waits', async () => {
  const storage = Storage.open('memory:');
  const [first, second] = [new Runner({ storage }), new Runner({ storage })];
  const computing = first.run(Slow);
  const waiting = second.start(Slow);
  const [one, two, events] = await Promise.all([computing, waiting.result, collect(waiting.events)]);
  expect([one, two, ran]).toEqual([1, 1, 1]);
  expect(events.map(({ type }) => type)).toEqual(['run-started', 'task-waiting', 'task-loaded', 'run-finished']);
});

it('lets the next one try when it fails', async () => {
  const storage = Storage.open('memory:');
  isBroken = true;
  const failing = new Runner({ storage }).start(Slow);
  await wait(5);
  const other = new Runner({ storage }).run(Slow);
  await expect(failing.result).rejects.toThrow('broken');
  isBroken = false;
  expect([await other, ran]).toEqual([2, 2]);
});

it('holds no slot while it waits, and stops waiting when the run is stopped', async () => {
  const storage = Storage.open('memory:');
  const first = new Runner({ storage }).run(Slow);
  const second = new Runner({ storage, concurrency: 1 }).start({ a: Slow, b: Plain });
  const events: string[] = [];
  for await (const event of second.events) {
    events.push(event.type);
    if (event.type === 'task-finished') second.stop();
  }
  await expect(second.result).rejects.toThrow('the run was stopped');
  expect(await second.summary).toMatchObject({ ran: 1, skipped: 1 });
  expect(await first).toBe(1);
});

@Task()
class Plain {
  run(): string {
    return 'plain';
  }
}

it('runs again what came from another result than the one that was computed meanwhile', async () => {
  @Task({ save: true })
  class Double {
    @Requires(Slow) slow!: number;
    run(): number {
      return this.slow * 2;
    }
  }
  @Task()
  class Both {
    @Requires(Slow) slow!: number;
    @Requires(Double) double!: number;
    run(): readonly number[] {
      return [this.slow, this.double];
    }
  }
  const storage = Storage.open('memory:');
  const runner = new Runner({ storage });
  expect(await runner.run(Both)).toEqual([1, 2]);
  await storage.delete(await runner.key(Slow));
  const first = new Runner({ storage }).run(Slow);
  expect([await runner.run(Both), await first]).toEqual([[2, 4], 2]);
});

it('takes a saved task and a storage with leases, and says so before anything runs', async () => {
  @Task({ once: 'everywhere' })
  class NotSaved {
    run(): void {}
  }
  await expect(new Runner({ storage: 'memory:' }).run(NotSaved)).rejects.toThrow(
    "NotSaved: once: 'everywhere' requires save: true",
  );
  const bare = { get: () => undefined, set: () => true, delete: () => false, clear: () => undefined };
  await expect(new Runner({ storage: bare }).run(Slow)).rejects.toThrow(
    /Slow is to run once everywhere, but .* no leases/,
  );
  expect(ran).toBe(0);
});

it('computes anew when it is forced', async () => {
  const runner = new Runner({ storage: `file:${folder.path}` });
  expect([await runner.run(Slow), await runner.run(Slow, {}, { force: true }), await runner.run(Slow)]).toEqual([
    1, 2, 2,
  ]);
});

it('keeps retries apart from waiting', async () => {
  @Task({ save: true, once: 'everywhere', retries: 2 })
  class Flaky {
    run(): number {
      if (++ran < 3) throw new Error('not yet');
      return ran;
    }
  }
  expect(await new Runner({ storage: `file:${folder.path}` }).run(Flaky)).toBe(3);
});

it('gives the failure of the task when every attempt fails', async () => {
  isBroken = true;
  const { error } = await outcomeOf(new Runner({ storage: `file:${folder.path}` }).start(Slow));
  expect(error).toMatchObject({ errors: [expect.any(TaskFailedError)] });
  isBroken = false;
  expect(await new Runner({ storage: `file:${folder.path}` }).run(Slow)).toBe(2);
});
