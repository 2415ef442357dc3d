import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Executor, Task, type TaskContext, type TaskRef, task, typediContainer } from 'tidemark';
import { type Job } from 'tidemark/extend';
import type { Serialized } from '../../src/encoding/encoder';
import { defaultEncoder } from '../../src/encoding/make-encoder';
import { unpack } from '../../src/encoding/packing';
import { CannotSendError, outputOf } from '../../src/executors/errors';
import { processes } from '../../src/executors/processes';
import type { EncodedResult } from '../../src/executors/remote/encoded-result';
import { threads } from '../../src/executors/threads';
import { runOn } from '../../src/testing/run-on';
import { graphOf } from '../graph/graph-of';
import { temporaryFolder } from '../support/temporary-folder';
import {
  Add,
  Echo,
  Ends,
  Fails,
  GivesRefs,
  KeepsArray,
  Measures,
  Prints,
  Priority,
  SavedEcho,
  Signalled,
  WhereAndHowOften,
} from './fixtures/tasks';
import { pools } from './support/pools';

const tasksFile = resolve(__dirname, 'fixtures/tasks.ts');
const folder = temporaryFolder();

let executor: Executor;
afterEach(async () => {
  jest.restoreAllMocks();
  await executor?.close?.();
});

describe.each(Object.entries(pools))('%s', (kind, pool) => {
  const neighbours = Array.from({ length: 20 }, (_, a) => task(Add, { a }));
  const sums = neighbours.map((_, a) => a + 2);

  it('run tasks elsewhere, with services that stay', async () => {
    executor = pool({ size: 1 });
    const [first, second] = await runOn(executor, [task(WhereAndHowOften), task(WhereAndHowOften, { id: 1 })]);
    expect([first[0], first[1]]).toEqual([second[0], second[1] - 1]);
    expect(first[2]).toBe(kind === 'processes');
    expect(first[3] === process.pid).toBe(kind === 'threads');
  });

  // Now and then Node 24 ends the whole process by it, also without any of ours: "Reached heap limit".
  const endsAll = (how: string) => kind === 'threads' && how === 'memory' && process.version.startsWith('v24.');
  for (const how of ['exit', 'memory', ...(kind === 'processes' ? ['abort', 'kill'] : [])])
    (endsAll(how) ? it.skip : it)(`fail the task alone whose worker ends by ${how}`, async () => {
      const limits = { resourceLimits: { maxOldGenerationSizeMb: 64 } };
      executor = kind === 'threads' ? pools.threads(limits) : pools.processes();
      if (how === 'memory' && kind === 'processes') {
        // Jest takes this text on its own stderr for its own end.
        jest.spyOn(process.stderr, 'write').mockReturnValue(true);
        const execArgv = [
          ...process.execArgv,
          '-r',
          join(__dirname, '../support/register.js'),
          '--max-old-space-size=64',
        ];
        executor = pools.processes({ execArgv });
      }
      const failing = runOn(executor, task(Ends, { how }));
      const others = runOn(executor, neighbours);
      const ended = { exit: /exit code 3/, memory: /out of memory/, abort: /SIGABRT/, kill: /SIGKILL/ }[how];
      await expect(failing).rejects.toThrow(ended);
      expect(await others).toEqual(sums);
      expect(await runOn(executor, neighbours)).toEqual(sums);
    });

  it('fail a task whose worker dies of what nobody caught, and say of what', async () => {
    executor = pool();
    const error = await runOn(executor, task(Ends, { how: 'later' })).catch((one) => one);
    expect(error.message).toMatch(/the (thread|process) that ran it ended: uncaught RangeError: 1 is too much/);
    expect(error.cause).toMatchObject({ amount: 1 });
    expect(await runOn(executor, task(Add))).toBe(3);
  });

  it('end a task that ignores its signal, and no other', async () => {
    executor = pool();
    const abort = new AbortController();
    const flag = join(folder.path, 'started');
    const looping = runOn(executor, task(Ends, { how: 'loop', flag }), { signal: abort.signal }).catch(
      (error) => error,
    );
    const other = new AbortController();
    const neighbour = runOn(executor, task(Ends, { how: 'wait' }), { signal: other.signal });
    await until(() => isThere(flag));
    const start = Date.now();
    abort.abort(new Error('enough'));
    const error = await looping;
    expect(Date.now() - start).toBeLessThan(2_000);
    expect(error.message).toMatch(/it went on for 1 s after its signal had aborted: its (thread|process) was ended/);
    expect(error.cause.message).toBe('enough');
    expect(await runOn(executor, neighbours)).toEqual(sums);
    other.abort(new Error('only now'));
    await expect(neighbour).rejects.toThrow('only now');
  });

  it('drop a task that was to wait when its signal aborts', async () => {
    executor = pool({ size: 1 });
    // A worker that is still starting hears of no signal.
    await runOn(executor, task(Add, { a: 1 }));
    const [first, second] = [new AbortController(), new AbortController()];
    const running = runOn(executor, task(Ends, { how: 'wait' }), { signal: first.signal });
    const waiting = runOn(executor, task(Ends, { how: 'wait', id: 1 }), { signal: second.signal });
    running.catch(() => undefined);
    await wait(20);
    second.abort(new Error('not at all'));
    await expect(waiting).rejects.toThrow('not at all');
    first.abort(new Error('now'));
    await expect(running).rejects.toThrow('now');
  });

  it('say which part of a result or requirement cannot be sent', async () => {
    executor = pool();
    const advice = 'it is a function. Tasks in workers get and give only data';
    await expect(runOn(executor, task(Fails, { how: 'function' }))).rejects.toThrow(
      `Cannot send result.list[1] of Fails from or to its worker: ${advice}`,
    );
    await expect(runOn(executor, task(Fails, { how: 'function' }))).rejects.toBeInstanceOf(CannotSendError);
    const job = await jobOf(task(Measures), [{ list: [1, () => 2] }]);
    await expect(executor.execute(job)).rejects.toThrow(
      `Cannot send array.list[1] of Measures from or to its worker: ${advice}`,
    );
  });

  it('run again after they were closed', async () => {
    executor = pool();
    expect(await runOn(executor, task(Add))).toBe(3);
    await executor.close?.();
    expect(await runOn(executor, task(Add))).toBe(3);
  });

  it('say which tasks there are when there is none of that name', async () => {
    @Task()
    class Ad {
      run() {}
    }
    executor = pool();
    await expect(runOn(executor, task(Ad))).rejects.toThrow(
      /the worker knows no task Ad: its modules \(.*tasks.ts\) declare Add, .* \(is it Add\?\)\. Add the file that declares Ad to the modules of/,
    );
  });

  it('say that a module is not there', async () => {
    executor = pool({ modules: ['./not-there.ts'] });
    await expect(runOn(executor, task(Add))).rejects.toThrow(/cannot load .*not-there.ts: the file does not exist/);
  });

  it.each(['throws', 'exits'])('do not try again and again to load a module that %s', async (how) => {
    const file = join(folder.path, 'bad.js');
    const log = join(folder.path, 'log');
    const end = how === 'throws' ? "throw new RangeError('at load')" : 'process.exit(4)';
    writeFileSync(file, `require('node:fs').appendFileSync(${JSON.stringify(log)}, '.'); ${end};`);
    executor = pool({ modules: [file] });
    const ended = await Promise.allSettled(neighbours.map((one) => runOn(executor, one)));
    const messages = ended.map((one) => (one as PromiseRejectedResult).reason.message);
    for (const message of messages)
      expect(message).toMatch(
        how === 'throws' ? /^cannot load .*bad.js: at load$/ : /ended while it loaded .*bad.js: exit code 4/,
      );
    expect(readFileSync(log, 'utf8').length).toBeLessThan(6);
  });

  it('refuse tasks of one name', async () => {
    const other = join(folder.path, 'other.js');
    const source = "const { Task } = require('tidemark'); exports.It = class Add { run() {} }; Task()(exports.It);";
    writeFileSync(other, source);
    executor = pool({ modules: [tasksFile, other] });
    await expect(runOn(executor, task(Add))).rejects.toThrow(/2 tasks of the modules of \w+\(\) are called Add/);
    expect(await runOn(executor, task(Echo, { value: 1 }))).toBe(1);
  });

  it('take a container of their own', async () => {
    const file = join(folder.path, 'container.js');
    writeFileSync(
      file,
      "exports.container = { resolve: (cls) => Object.assign(new cls(), { run: () => cls.name + ' made' }) };",
    );
    executor = pool({ container: file });
    expect(await runOn(executor, task(Add))).toBe('Add made');
    const none = pool({ container: tasksFile });
    await expect(runOn(none, task(Add))).rejects.toThrow(/exports no `container` with a method resolve/);
    await none.close?.();
  });

  it('encode a result, its digest and compressed bytes before they send it', async () => {
    executor = pool();
    const value = { text: 'long '.repeat(50_000) };
    const { encoding } = await sent(executor, task(SavedEcho, { value }));
    const { compressed } = encoding;
    const here = defaultEncoder.serialization.serialize(value) as Serialized;
    expect(encoding).toMatchObject({ serializer: 'cbor', format: here.format, isView: false });
    expect([sha256(encoding.bytes), sha256(here.bytes)]).toEqual([encoding.digest, encoding.digest]);
    expect(compressed!.bytes.byteLength).toBeLessThan(encoding.bytes.byteLength / 10);
    expect(await unpack(compressed!.bytes, { ...compressed!, encrypter: undefined, keyId: undefined }, [], '')).toEqual(
      encoding.bytes,
    );
    const plain = await sent(executor, task(Echo, { value: 1 }));
    expect([plain.encoding.compressed, plain.encoding.digest]).toEqual([undefined, sha256(Buffer.from('1'))]);
  });

  it('give refs in results as refs', async () => {
    executor = pool();
    const result = await sent(executor, task(GivesRefs));
    const { now, later } = (await result.value()) as { now: number; later: TaskRef<unknown>[] };
    expect([result.holdsRefs, now, later[0]]).toEqual([true, 1, task(Add, { a: 4 })]);
    expect([later[0]!.task, later[1]!.path]).toEqual([Add, ['x']]);
  });

  it('leave a task the array that it gave', async () => {
    executor = pool({ size: 1 });
    expect(await runOn(executor, task(KeepsArray))).toHaveLength(10_000);
    expect(await runOn(executor, task(KeepsArray, { again: true }))).toHaveLength(10_000);
  });

  it('encode a requirement once for all who need it', async () => {
    executor = pool();
    let encoded = 0;
    const ownKeys = (target: object) => {
      encoded++;
      return Reflect.ownKeys(target);
    };
    const counted = new Proxy({ list: [1, 2, 3] }, { ownKeys });
    const job = await jobOf(task(Measures), [counted]);
    await executor.execute(job);
    const once = encoded;
    await Promise.all([executor.execute(job), executor.execute(job)]);
    expect(once).toBeGreaterThan(0);
    expect(encoded).toBe(once);
  });
});

it.each([
  [() => threads({ modules: [] }), 'modules'],
  [() => threads(undefined as any), 'needs to know which files declare the tasks'],
  [() => processes({ modules: ['x'], size: 0 }), 'the size of processes() must be a whole number >= 1, but is 0'],
  [() => threads({ modules: ['x'], size: 1.5 }), 'but is 1.5'],
  [() => processes({ modules: ['x'], comand: ['nice'] } as any), 'did you mean command?'],
  [() => processes({ modules: ['x'], command: 'nice' as any }), "a list such as ['nice', '-n', '10']"],
])('options that cannot be are refused at once: %s', (make, message) => {
  expect(make).toThrow(message);
});

it('processes run under a command', async () => {
  executor = pools.processes({ command: ['nice', '-n', '7'] });
  expect(await runOn(executor, task(Priority))).toBe(os.getPriority() + 7);
});

it('processes say that their command is not there', async () => {
  executor = pools.processes({ command: ['no-such-command'] });
  await expect(runOn(executor, task(Add))).rejects.toThrow(/cannot be started \(spawn no-such-command ENOENT\)/);
});

it('processes keep what a task prints', async () => {
  executor = pools.processes({ size: 1 });
  const prints = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { output } = await sent(executor, task(Prints));
  expect(output).toMatch(/^line 1\nline 2\n[\s\S]*line 30\nand an error: ünïcode\n$/);
  const error = await runOn(executor, task(Prints, { fails: true })).catch((one) => one);
  expect(outputOf(error)!.split('\n')).toHaveLength(20);
  expect(outputOf(error)).toMatch(/line 30\nand an error: ünïcode$/);
  expect((await sent(executor, task(Add))).output).toBe('');
  expect(Buffer.concat(prints.mock.calls.map(([chunk]) => Buffer.from(chunk as Uint8Array))).toString()).toContain(
    'line 30',
  );
});

it('processes show the last lines of what a task printed in the error of its end', async () => {
  executor = pools.processes({ size: 1 });
  const error = await runOn(executor, task(Ends, { how: 'print and exit' })).catch((one) => one);
  expect(error.message).toMatch(
    /^the process that ran it ended: exit code 5\nIts last output:\n {2}\| line 11\n[\s\S]* {2}\| line 30$/,
  );
});

async function jobOf(target: unknown, requirements: readonly unknown[] = []): Promise<Job> {
  const [node] = (await graphOf(target)).targets;
  const { signal } = new AbortController();
  const context = { task: node!.task.name, key: 'A/b', attempt: 1, signal, progress() {} } as unknown as TaskContext;
  return { node: node!, requirements, context, container: typediContainer };
}

async function sent(on: Executor, target: unknown): Promise<EncodedResult> {
  return (await on.execute(await jobOf(target))) as EncodedResult;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isThere(file: string): boolean {
  try {
    return readFileSync(file, 'utf8') !== '';
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !holds(); i++) await wait(10);
}

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'])(
  'processes go on when all of a service are told to end: %s',
  async (signal) => {
    executor = processes({ modules: [tasksFile], execArgv: ['-r', resolve(__dirname, '../support/register.js')] });
    expect(await runOn(executor, task(Signalled, { signal }))).toBe('went on');
  },
);
