import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Executor,
  type NodeInfo,
  processes,
  type RunEvent,
  Runner,
  type RunOptions,
  Storage,
  task,
  threads,
} from 'tidemark';
import { bullmq, startWorker } from '../../src/executors/bullmq/bullmq';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import {
  Countdown,
  Diamond,
  Fails,
  Flaky,
  Folder,
  Hooked,
  Late,
  Leaf,
  Names,
  NeedsFailure,
  Once,
  Plain,
  Stamped,
  Structure,
  Talks,
} from './fixtures/tasks';

const golden = join(__dirname, 'golden-events.json');
/** The events of each program; UPDATE_GOLDEN=1 writes them to the file. */
const recorded: Record<string, readonly (readonly string[])[]> = {};
const expected = JSON.parse(readFileSync(golden, 'utf8')) as typeof recorded;

const folder = temporaryFolder();
let runner: Runner;
beforeEach(() => {
  // Slow results are flushed to the disk, asynchronously: on a busy machine, any result can be slow.
  const storage = Storage.open(`file:${folder.path}`, { fsync: 'never' });
  runner = new Runner({ storage, concurrency: 1, directories: `${folder.path}-own`, onWarning: () => {} });
});
afterEach(() => runner.close());

/** The events of one run, one line each, without parts that differ between runs. */
async function follow(target: unknown, options: RunOptions & { stopAt?: string } = {}): Promise<readonly string[]> {
  const { stopAt, ...rest } = options;
  const run = runner.start(target as typeof Leaf, undefined as never, rest);
  run.result.catch(() => undefined);
  const lines: string[] = [];
  for await (const event of run.events) {
    lines.push(line(event));
    if (event.type === stopAt) run.stop();
  }
  return lines;
}

const label = ({ task: name, params, key }: NodeInfo) => `${name} ${JSON.stringify(params)} ${key ?? 'no key'}`;

function line(event: RunEvent): string {
  const { type } = event;
  switch (type) {
    case 'run-started':
      return [type, ...event.target.map(label)].join(' ');
    case 'task-started':
      return `${type} ${label(event.node)} attempt ${event.attempt} ${event.queue} ${event.executor} requires ${event.requires.join(' ')}`;
    case 'task-progressed':
      return `${type} ${label(event.node)} ${event.done} ${event.total} ${event.note}`;
    case 'task-logged':
      return `${type} ${label(event.node)} ${event.message}`;
    case 'task-saved':
      // The name of a directory has a random part, and its length varies.
      return `${type} ${label(event.node)} ${event.node.task === 'Folder' ? '' : event.bytes}`;
    case 'task-failed':
      return `${type} ${label(event.node)} ${event.error.message} ${event.willRetry}`;
    case 'hook-failed':
      return `${type} ${event.hook} ${event.error.message}`;
    case 'storage-failed':
      return `${type} ${event.error.message}`;
    case 'warning':
      return `${type} ${event.message}`;
    case 'run-finished': {
      const { ran, loaded, saved, failed, skipped, warnings, storageErrors, hookErrors } = event.summary;
      return `${type} ${JSON.stringify({ ran, loaded, saved, failed, skipped, warnings: warnings.length, storageErrors: storageErrors.length, hookErrors: hookErrors.length })}`;
    }
    default:
      return `${type} ${label(event.node)}`;
  }
}

const worker = {
  modules: [join(__dirname, 'fixtures/tasks.ts')],
  // Jest compiles only what it loads itself.
  execArgv: ['-r', join(__dirname, '../support/register.js')],
};

/** Moves events whose position varies to the end, sorted. */
function ordered(lines: readonly string[]): readonly string[] {
  const isUnordered = (one: string) => /^task-(?:saved|assigned|progressed|logged) /.test(one);
  return [...lines.filter((one) => !isUnordered(one)), ...lines.filter(isUnordered).sort()];
}

/** The events of several runs on an executor. */
async function followOn(executor: Executor, storage: string | Storage): Promise<readonly (readonly string[])[]> {
  const here = runner;
  runner = new Runner({ storage, executor, concurrency: 1, directories: `${folder.path}-own`, onWarning: () => {} });
  try {
    const runs: (readonly string[])[] = [];
    for (const target of [Diamond, Diamond, Flaky, NeedsFailure, Talks, task(Names, { n: 1 }), Once])
      runs.push(ordered(await follow(target)));
    return runs;
  } finally {
    await runner.close();
    await executor.close?.();
    runner = here;
  }
}

const programs: Record<string, () => Promise<readonly (readonly string[])[]>> = {
  'one task, saved and loaded': async () => [await follow(task(Leaf, { n: 1 })), await follow(task(Leaf, { n: 1 }))],
  'a diamond, cold and warm': async () => [await follow(Diamond), await follow(Diamond)],
  'results within structures': async () => [await follow(Structure), await follow(Structure)],
  'several targets': async () => [await follow([Plain, Structure, task(Leaf, { n: 9 })])],
  'a forced run': async () => [
    await follow(Diamond),
    // Replacing a result is asynchronous.
    ordered(await follow(Diamond, { force: true })),
    ordered(await follow(Diamond, { force: [Leaf] })),
  ],
  'an attempt that fails': async () => [await follow(Flaky)],
  'a failure that stops': async () => [await follow(NeedsFailure)],
  'failures that do not stop': async () => [
    await follow([task(Fails, { n: 1 }), NeedsFailure, task(Fails, { n: 2 }), task(Leaf, { n: 1 })], {
      onFailure: 'continue',
    }),
  ],
  'a timeout': async () => [await follow(Late)],
  'a result that names tasks': async () => [await follow(task(Names, { n: 1 })), await follow(task(Names, { n: 1 }))],
  'a chain of results': async () => [await follow(task(Countdown, { n: 3 })), await follow(task(Countdown, { n: 3 }))],
  'a directory': async () => [await follow(Folder), await follow(Folder)],
  hooks: async () => {
    Hooked.known = undefined;
    const first = await follow(Hooked);
    await runner.clear(Hooked);
    return [first, ordered(await follow(Hooked))];
  },
  'a fingerprint that changes': async () => {
    Stamped.stamp = 'a';
    const first = await follow(Stamped);
    Stamped.stamp = 'b';
    return [first, await follow(Stamped)];
  },
  'progress and logs': async () => [await follow(Talks)],
  'what is cleared': async () => {
    const first = await follow(Diamond);
    await runner.clear(Leaf);
    return [first, ordered(await follow(Diamond))];
  },
  'a run that is stopped': async () => [
    await follow([task(Leaf, { n: 1 }), task(Leaf, { n: 2 })], { stopAt: 'task-saved' }),
  ],
  'once everywhere': async () => [await follow(Once), await follow(Once)],
  'on a thread': () => followOn(threads({ ...worker, size: 1 }), runner.storage),
  'in a process': () => followOn(processes({ ...worker, size: 1 }), runner.storage),
};

it.each(Object.keys(programs))('emits the same events as before: %s', async (name) => {
  recorded[name] = await programs[name]!();
  if (process.env.UPDATE_GOLDEN !== '1') expect(recorded[name]).toEqual(expected[name]);
});

describeWithRedis('on a worker behind Redis', (server) => {
  it('emits the same events as before', async () => {
    const name = 'on a worker behind Redis';
    const connection = server.uri();
    const remote = await startWorker({ ...worker, connection, executor: 'inline', stopSignals: [] });
    recorded[name] = await followOn(bullmq({ connection }), connection);
    await remote.close();
    if (process.env.UPDATE_GOLDEN !== '1') expect(recorded[name]).toEqual(expected[name]);
  });
});

afterAll(() => {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, `${JSON.stringify(recorded, undefined, 2)}\n`);
});
