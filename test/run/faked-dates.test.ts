import { join } from 'node:path';
import { Param, Requires, Runner, Storage, Task } from 'tidemark';
import { runChild } from '../support/child';
import { temporaryFolder } from '../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/faked-dates.ts');
const folder = temporaryFolder();
const now = Date.UTC(2026, 0, 1);

it.each(['sinon', 'subclass', 'same prototype', 'always one Date'])(
  'takes Dates under a test clock, there before the package, and afterwards: %s',
  async (name) => {
    const given = name === 'always one Date' ? now : 86_400_123;
    const expected = [
      now,
      7,
      [given, 5, now],
      true,
      '["2026-01-01T00:00:00.000Z",["1970-01-01T00:00:00.005Z"]]',
      expect.stringContaining('[0]: it is an instance of Birthday'),
      expect.stringContaining('params.at is an instance of Birthday'),
    ];
    const found = await runChild<{ faked: unknown[]; real: unknown[]; runs: number }>(fixture, [name], {
      cwd: folder.path,
    });
    expect(found).toMatchObject({ faked: expected, real: expected, runs: 1 });
  },
);

describe("with Jest's fake timers", () => {
  afterEach(() => void jest.useRealTimers());

  @Task({ save: true })
  class Stamp {
    run() {
      // An error is kept in V8's format, the rest of what it is with as well.
      return { now: new Date(), error: new TypeError('x') };
    }
  }
  @Task()
  class Day {
    @Param() at!: Date;
    @Requires(Stamp) stamp!: { now: Date };
    run(): number[] {
      return [this.at.getTime(), this.stamp.now.getTime()];
    }
  }

  it('takes Dates as params and results, and loads them with real timers again', async () => {
    jest.useFakeTimers({ now });
    const entries = new Map();
    const at = new Date();
    const faked = await new Runner({ storage: entries }).run(Day, { at });
    expect(faked).toEqual([now, now]);
    const loaded = await new Runner({ storage: entries }).run(Stamp);
    expect(loaded).toStrictEqual({ now: new Date(), error: new TypeError('x') });
    expect(loaded.now).toBeInstanceOf(Date);
    jest.useRealTimers();
    const storage = Storage.open(entries);
    expect(await new Runner({ storage }).run(Day, { at })).toEqual(faked);
    expect((await new Runner({ storage }).run(Stamp)).now).toBeInstanceOf(Date);
    expect(await new Runner({ storage }).run(Stamp)).toStrictEqual({ now: new Date(now), error: new TypeError('x') });
  });

  it('is first loaded under them', async () => {
    jest.useFakeTimers({ now });
    await jest.isolateModulesAsync(async () => {
      const other: typeof import('tidemark') = require('tidemark');
      @other.Task({ save: true })
      class Both {
        @other.Param() at!: Date;
        run() {
          return [this.at, new Map([[new Date(), new Error('x')]])] as const;
        }
      }
      const entries = new Map();
      const at = new Date(5);
      await new other.Runner({ storage: entries }).run(Both, { at });
      for (const _ of ['faked', 'real']) {
        const [given, map] = await new other.Runner({ storage: entries }).run(Both, { at });
        const made = [...map.keys()][0];
        expect([given, made]).toStrictEqual([new Date(5), new Date(now)]);
        expect(made).toBeInstanceOf(Date);
        jest.useRealTimers();
      }
    });
  });
});
