import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import { promisify, stripVTControlCharacters } from 'node:util';
import { type RunEvent, Runner } from 'tidemark';
import { type ProgressOptions, type ProgressStream, showProgress } from '../../src/entry/report';
import { Score, Step } from './fixtures/scores';

/** A minimal terminal that records its screen. */
class FakeTerminal extends Writable {
  readonly isTTY = true;
  text = '';
  widest = 0;
  lines: string[] = [];
  #row = 0;

  constructor(
    readonly columns = 100,
    readonly rows = 24,
  ) {
    super({ decodeStrings: false });
  }

  override _write(chunk: string, _: unknown, done: () => void): void {
    this.text += chunk;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
    const [, rows = '0'] = /^\u001b\[(\d+)A/.exec(chunk) ?? [];
    this.#row -= Number(rows);
    const shown = stripVTControlCharacters(chunk).replaceAll('\r', '').split('\n');
    this.lines.splice(this.#row, Number.POSITIVE_INFINITY, ...shown.slice(0, -1));
    this.#row += shown.length - 1;
    this.widest = Math.max(this.widest, ...shown.map((line) => [...line].length));
    done();
  }
}

class Log extends Writable {
  text = '';
  override _write(chunk: Buffer, _: unknown, done: () => void): void {
    this.text += chunk;
    done();
  }
}

async function shown(stream: ProgressStream, seeds: number[], options: ProgressOptions = {}) {
  const runner = new Runner({ storage: 'memory:', onFailure: 'continue' });
  const plan = await runner.plan(Score, { seeds });
  const run = runner.start(Score, { seeds });
  await showProgress(run.events, { stream, plan, env: {}, ...options });
}

it('redraws one line per task class, and leaves the last frame', async () => {
  const terminal = new FakeTerminal();
  await shown(terminal, [1, 2, -3]);
  expect(terminal.lines).toEqual([
    "✗ Train({ path: 'penguins.csv', seed: -3, token: '(secret)' }) failed: seed -3",
    '✓ LoadRows ━━━━━━━━━━━━━━━━━━━━━━━━ 1/1  1 ran',
    '✗ Train    ━━━━━━━━━━━━━━━━━━━━━━━━ 3/3  2 ran · 1 failed',
    '– Score    ━━━━━━━━━━━━━━━━━━━━━━━━ 1/1  1 skipped',
    expect.stringMatching(/^[\d.]+ m?s · 3 ran · 1 failed · 1 skipped$/),
  ]);
  expect(terminal.text).toContain('\u001b[32m');
});

it('respects the width and the height of the terminal', async () => {
  const small = new FakeTerminal(40, 5);
  const runner = new Runner({ storage: 'memory:' });
  const events = stepsOf(await eventsOf(runner), 30);
  await showProgress(events, { stream: small, env: {} });
  expect(small.widest).toBeLessThan(40);
  expect(small.text).toContain('more task classes');
});

it('has no colours with NO_COLOR, and no live lines in CI', async () => {
  const plain = new FakeTerminal();
  await shown(plain, [1], { env: { NO_COLOR: '1' } });
  expect(plain.text).not.toContain('\u001b[39m');
  const ci = new FakeTerminal();
  await shown(ci, [1], { env: { CI: 'true' } });
  expect(ci.text).not.toContain('\u001b');
});

it('writes a plain line for each completed class elsewhere', async () => {
  const log = new Log();
  await shown(log, [1, 2]);
  expect(log.text.split('\n')).toEqual([
    'Score: 2 models',
    'LoadRows 1/1: 1 ran',
    'Train 2/2: 2 ran',
    'Score 1/1: 1 ran',
    expect.stringMatching(/^finished after [\d.]+ m?s · 4 ran$/),
    '',
  ]);
});

it('writes the progress of a long run every ten seconds', async () => {
  const log = new Log();
  await showProgress(stepsOf(await eventsOf(new Runner({ storage: 'memory:' })), 8_000), { stream: log, env: {} });
  expect(log.text.match(/^after \d.* running$/gm)!.length).toBeGreaterThan(2);
});

it('counts tasks that results add', async () => {
  const log = new Log();
  const runner = new Runner({ storage: 'memory:' });
  const plan = await runner.plan(Step);
  await showProgress(runner.start(Step).events, { stream: log, plan, env: {} });
  expect(log.text).toContain('Step 4/4: 4 ran\n');
});

it('estimates the time left from earlier durations, and shows the progress of long tasks', async () => {
  const terminal = new FakeTerminal();
  const runner = new Runner({ storage: 'memory:' });
  const plan = await runner.plan(Score, {});
  const happened = (await eventsOf(runner)).filter(({ type }) => type !== 'task-finished' && type !== 'run-finished');
  await showProgress(stepsOf(happened, 200), { stream: terminal, plan, env: {}, earlier: new Map([['Train', 10]]) });
  expect(terminal.text).toMatch(/Train.*3 running.*5 s left.*epoch 1/);
});

it('draws at most ten times a second, however many events there are', async () => {
  const terminal = new FakeTerminal();
  const [, , started] = await eventsOf(new Runner({ storage: 'memory:' }));
  async function* many(): AsyncGenerator<RunEvent> {
    const start = Date.now();
    for (let i = 0; i < 20_000; i++) yield { ...started!, time: start + i / 10 };
  }
  await showProgress(many(), { stream: terminal, env: {} });
  const frames = terminal.text.split('\u001b[J').length - 1;
  expect(frames).toBeLessThan(40);
});

it('stops its timer when events end with an error', async () => {
  async function* broken(): AsyncGenerator<RunEvent> {
    yield* (await eventsOf(new Runner({ storage: 'memory:' }))).slice(0, 3);
    throw new Error('the events broke');
  }
  const terminal = new FakeTerminal();
  await expect(showProgress(broken(), { stream: terminal, env: {} })).rejects.toThrow('the events broke');
  const { text } = terminal;
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(terminal.text).toBe(text);
});

it('does not let texts of tasks move the cursor', async () => {
  const terminal = new FakeTerminal();
  const events = await eventsOf(new Runner({ storage: 'memory:' }));
  const logged = events.find(({ type }) => type === 'task-logged')!;
  const wild = { ...logged, message: 'one\u001b[2J\ntwo' } as RunEvent;
  await showProgress(stepsOf([wild], 0), { stream: terminal, env: {} });
  expect(terminal.lines[0]).toBe('Score: one [2J two');
});

it('is shown by a runner with report: progress, before the program gets its result', async () => {
  const register = require.resolve('../support/register.js');
  const fixture = require.resolve('./fixtures/reported-run');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-r', register, fixture]);
  expect(stdout).toBe('score 3\n');
  // The message comes before the lines on a fast machine, and between them on a slow one.
  expect(stderr).toContain('Score: 3 models\n');
  expect(stderr.replace('Score: 3 models\n', '')).toMatch(
    /LoadRows 1\/1: 1 ran\nTrain 3\/3: 3 ran\nScore 1\/1: 1 ran\nfinished after .* · 5 ran\n$/,
  );
  expect(() => new Runner({ report: 'pictures' as 'progress' })).toThrow(
    "the option report is 'pictures'; it must be 'progress'",
  );
});

async function eventsOf(runner: Runner): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of runner.start(Score, {}).events) events.push(event);
  return events;
}

/** The same events, with time between them. */
async function* stepsOf(events: readonly RunEvent[], milliseconds: number): AsyncGenerator<RunEvent> {
  let time = Date.now();
  for (const event of events) yield { ...event, time: (time += milliseconds) };
}

it('draws at most ten times a second when tasks block its timer', async () => {
  jest.useFakeTimers();
  try {
    const terminal = new FakeTerminal();
    const write = jest.spyOn(terminal, '_write');
    const node = { key: undefined, task: 'Step', params: {} };
    async function* events(): AsyncGenerator<RunEvent> {
      yield { type: 'run-started', target: [node], time: Date.now() };
      for (let i = 0; i < 60; i++) {
        await new Promise((resolve) => setTimeout(resolve, 99));
        // Time passes in which no timer can fire.
        jest.setSystemTime(Date.now() + 2);
        yield { type: 'task-loaded', node, seconds: 0, time: Date.now() };
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    const start = Date.now();
    const shown = showProgress(events(), { stream: terminal, env: { TERM: 'xterm' } });
    await jest.runAllTimersAsync();
    await shown;
    expect(write.mock.calls.length).toBeLessThan((Date.now() - start) / 100 + 3);
  } finally {
    jest.useRealTimers();
  }
});
