import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  aesGcm,
  encoder,
  Requires,
  Runner,
  type RunnerOptions,
  registerType,
  Storage,
  Task,
  TaskDirectory,
  task,
} from 'tidemark';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';
import {
  Build,
  Counts,
  Flaky,
  given,
  HandOn,
  KeepScratch,
  Read,
  ReadScratch,
  Scratch,
  Two,
} from './fixtures/directory-tasks';

const folder = temporaryFolder();
let warnings: string[];
const open = (options: RunnerOptions = {}) =>
  new Runner({ storage: `file:${folder.path}`, onWarning: (message) => void warnings.push(message), ...options });
/** The directories of a task that are there, as `hash.d/nonce`. */
const directoriesOf = (name: string, root = folder.path): string[] => {
  const keys = existsSync(join(root, name)) ? readdirSync(join(root, name)).filter((one) => one.endsWith('.d')) : [];
  return keys.flatMap((key) => readdirSync(join(root, name, key)).map((nonce) => `${key}/${nonce}`));
};
beforeEach(() => {
  [given.length, warnings] = [0, []];
});

it('gives a task a folder of its own beside its checkpoint, and finds it again in later runs', async () => {
  const directory = await open().run(Build);
  const key = await open().key(Build);
  expect(directory.path.startsWith(`${folder.path}/${key}.d/`)).toBe(true);
  expect(readdirSync(directory.path)).toEqual(['name.txt']);
  const { result, summary } = await outcomeOf(open().start(Build));
  expect([result.path, summary.loaded, summary.ran]).toEqual([directory.path, 1, 0]);
  expect(await open().run(Read)).toBe('a');
  expect(given).toEqual([directory.path]);
});

it('has keys in which the requirement is a constant', async () => {
  const key = await open().key(Build);
  expect(key).toBe('Build/b49a62a64a65b0504f46ff6412d1ab3a');
  expect(await open({ storage: 'memory:' }).key(Build)).toBe(key);
  @Task({ name: 'Build' })
  class Without {
    run() {}
  }
  expect(await open().key(Without)).not.toBe(key);
});

it('keeps a directory relative to its key: a storage that was moved has it where it is now', async () => {
  await open({ storage: `file:${folder.path}/old` }).run(HandOn);
  renameSync(join(folder.path, 'old'), join(folder.path, 'new'));
  const runner = open({ storage: `file:${folder.path}/new` });
  const { result, summary } = await outcomeOf(runner.start(HandOn));
  const { path } = result.list.get('it');
  expect([path.startsWith(join(folder.path, 'new')), existsSync(path), summary.ran]).toEqual([true, true, 0]);
  const saved = (await runner.storage.get(await runner.key(Build))) as TaskDirectory;
  expect(saved.path).toBe(path);
});

it('names in a record its own directory, and those in its result', async () => {
  const runner = open();
  await runner.run(HandOn);
  const [own] = directoriesOf('Build');
  const records = await collect(runner.storage.list());
  expect(records.map(({ task, directories }) => [task, directories]).sort()).toEqual([
    ['Build', [`Build/${own}`]],
    ['HandOn', [`Build/${own}`]],
  ]);
});

it.each([Build, HandOn])('runs again when a directory is missing that %p names, and says so', async (target) => {
  const runner = open();
  await runner.run(target);
  rmSync(given[0]!, { recursive: true });
  const planned = (await runner.plan(target)).nodes.at(-1);
  expect(planned).toMatchObject({ action: 'run', why: expect.stringContaining(`${given[0]} is not there`) });
  const { summary } = await outcomeOf(runner.start(target));
  expect(summary.ran).toBe(target === Build ? 1 : 2);
  expect(warnings[0]).toBe(
    `${target.name}({ name: 'a' }) runs again: its result is saved, but its directory ${given[0]} is not there`,
  );
  expect(directoriesOf('Build')).toHaveLength(1);
});

it('gives each attempt a fresh directory, and removes those of failed ones', async () => {
  const runner = open();
  expect(await runner.run(Flaky, { failures: 2 })).toBe(3);
  expect(new Set(given).size).toBe(3);
  expect(given.map((path) => existsSync(path))).toEqual([false, false, true]);
  await expect(runner.run(Flaky, { failures: 3 })).rejects.toThrow('not yet');
  expect(directoriesOf('Flaky')).toHaveLength(1);
});

it('gives several properties a directory each', async () => {
  const [one, other] = await open().run(Two);
  expect(one).not.toBe(other);
  expect((await outcomeOf(open().start(Two))).summary.loaded).toBe(1);
  rmSync(other!, { recursive: true });
  expect((await outcomeOf(open().start(Two))).summary.ran).toBe(1);
});

describe('of a task that is not saved', () => {
  it('is there for those who require it, and gone when the run is over', async () => {
    expect(await open().run(ReadScratch)).toBe('scratch');
    await open().run(Scratch);
    expect(given.map((path) => [path.startsWith(folder.path), existsSync(path)])).toEqual([
      [false, false],
      [false, false],
    ]);
  });

  it('is in the folder that the runner says', async () => {
    await open({ directories: folder.path }).run(ReadScratch);
    expect([given[0]!.startsWith(folder.path), readdirSync(folder.path)]).toEqual([true, []]);
  });

  it('is removed at once when the result cannot hold a path', async () => {
    const left: boolean[] = [];
    @Task()
    class After {
      @Requires(Counts) count!: number;
      async run(): Promise<void> {
        while (existsSync(given[0]!)) await new Promise((resolve) => setTimeout(resolve, 1));
        left.push(existsSync(given[0]!));
      }
    }
    await open().run(After);
    expect(left).toEqual([false]);
  });

  it('is no part of a saved result, which would outlive it', async () => {
    await expect(open().run(KeepScratch)).rejects.toThrow(
      'Cannot save result: it is the directory of a task that is not saved, which is removed when the run ends; save that task as well',
    );
  });
});

describe('what is forgotten loses its directory', () => {
  it.each<[string, (runner: Runner) => Promise<unknown>]>([
    ['runner.clear of a result', (runner) => runner.clear(Build, { name: 'a' })],
    ['runner.clear of a task', (runner) => runner.clear(Build)],
    ['storage.delete', async (runner) => runner.storage.delete(await runner.key(Build))],
    ['storage.clear', (runner) => runner.storage.clear()],
  ])('by %s', async (_, forget) => {
    const runner = open();
    await runner.run(Build);
    await forget(runner);
    expect(directoriesOf('Build')).toEqual([]);
    expect((await outcomeOf(runner.start(Build))).summary.ran).toBe(1);
  });

  it('by a result that takes its place', async () => {
    const runner = open();
    await runner.run(Read);
    await runner.run(Read, {}, { force: true });
    expect(given.map((path) => existsSync(path))).toEqual([false, true]);
    expect((await outcomeOf(runner.start(Read))).summary.ran).toBe(0);
  });

  it('but no other', async () => {
    const runner = open();
    await runner.run([task(Build, { name: 'a' }), task(Build, { name: 'b' })]);
    await runner.clear(Build, { name: 'a' });
    expect(given.map((path) => existsSync(path))).toEqual([false, true]);
  });

  it('by hand, with the folder of its task', async () => {
    await open().run(Build);
    rmSync(join(folder.path, 'Build'), { recursive: true });
    expect((await outcomeOf(open().start(Build))).summary.ran).toBe(1);
    expect(warnings).toEqual([]);
  });
});

it('leaves a directory alone that another run of this process still uses', async () => {
  const runner = open();
  await runner.run(Build);
  let seen: string[] = [];
  @Task()
  class Slow {
    @Requires(Build) build!: TaskDirectory;
    async run(): Promise<void> {
      await runner.run(Build, {}, { force: true });
      await runner.run(Build, { name: 'sweeps' });
      seen = readdirSync(this.build.path);
    }
  }
  await runner.run(Slow);
  expect(seen).toEqual(['name.txt']);
  await runner.run(Build, { name: 'sweeps again' });
  expect(given.map((path) => existsSync(path))).toEqual([false, true, true, true]);
});

it('does not keep what could not be saved', async () => {
  @Task({ save: true })
  class Unsaveable {
    @Requires(TaskDirectory) directory!: TaskDirectory;
    run(): unknown {
      return { directory: this.directory, why: () => {} };
    }
  }
  await expect(open().run(Unsaveable)).rejects.toThrow('result.why');
  expect(directoriesOf('Unsaveable')).toEqual([]);
});

it('finds directories in instances of registered classes', async () => {
  class Dataset {
    constructor(readonly directory: TaskDirectory) {}
  }
  registerType(Dataset, { name: 'Dataset', encode: ({ directory }) => directory, decode: (one) => new Dataset(one) });
  @Task({ save: true })
  class Prepare {
    @Requires(TaskDirectory) directory!: TaskDirectory;
    run(): Dataset {
      return new Dataset(this.directory);
    }
  }
  const { directory } = await open().run(Prepare);
  expect((await open().run(Prepare)).directory.path).toBe(directory.path);
  rmSync(directory.path, { recursive: true });
  expect((await outcomeOf(open().start(Prepare))).summary.ran).toBe(1);
});

it('is named by records that are encrypted, too', async () => {
  const encrypted = () =>
    Storage.open(`file:${folder.path}`, {
      encoder: encoder({ encrypter: aesGcm({ key: 'open sesame, open sesame' }) }),
    });
  const { path } = await open({ storage: encrypted() }).run(Build);
  const { result, summary } = await outcomeOf(open({ storage: encrypted() }).start(Build));
  expect([result.path, summary.loaded]).toEqual([path, 1]);
  await open().run(Build, { name: 'sweeps, without the password' });
  expect(existsSync(path)).toBe(true);
});

it('is removed by a later run when a task goes on writing after its timeout', async () => {
  let goesOn = true;
  @Task({ save: true, timeout: 20 })
  class Endless {
    @Requires(TaskDirectory) directory!: TaskDirectory;
    async run(): Promise<void> {
      given.push(this.directory.path);
      for (let i = 0; goesOn; i++) await writeFile(this.directory.file(`${i}.txt`), '').catch(() => {});
    }
  }
  await expect(open().run(Endless)).rejects.toThrow('Endless failed');
  goesOn = false;
  await open().run(Endless);
  expect(given.map((path) => existsSync(path))).toEqual([false, true]);
});

it('is beside a checkpoint whose key a task made itself, whatever is in it', async () => {
  @Task({ save: true, key: () => 'Großes Dach/..' })
  class Named {
    @Requires(TaskDirectory) directory!: TaskDirectory;
    run(): TaskDirectory {
      return this.directory;
    }
  }
  const { path } = await open().run(Named);
  expect(path.startsWith(join(folder.path, 'Named/'))).toBe(true);
  const { result, summary } = await outcomeOf(open().start(Named));
  expect([result.path, summary.loaded]).toEqual([path, 1]);
  expect(await collect(open().storage.list())).toHaveLength(1);
  await open().clear(Named);
  expect(existsSync(path)).toBe(false);
});

it('touches no folder that is not one of its own', async () => {
  const others = [join(folder.path, 'Build/conf.d/site'), join(folder.path, 'etc/conf.d/site')];
  for (const path of others) mkdirSync(path, { recursive: true });
  const runner = open();
  await runner.run(Build);
  await runner.clear(Build);
  await runner.storage.clear();
  expect(others.map((path) => existsSync(path))).toEqual([true, true]);
});

it('is refused in a structure, with params, and in a folder without a name', async () => {
  @Task()
  class Nested {
    @Requires(() => [TaskDirectory as never]) directories!: never[];
    run() {}
  }
  await expect(open().run(Nested)).rejects.toThrow(
    'TaskDirectory is not a task: require it alone, as in @Requires(TaskDirectory)',
  );
  class WithParams {}
  const withParams = () => (Requires as any)(TaskDirectory, () => ({}))(WithParams.prototype, 'directory');
  expect(withParams).toThrow('@Requires(TaskDirectory) on WithParams.directory takes no params');
  expect(() => open({ directories: '' })).toThrow("the option directories is ''; it must be the path of a folder");
});

it.each(['fail', 'compute'] as const)('where it cannot be instantiated: onStorageError %p', async (onStorageError) => {
  writeFileSync(join(folder.path, 'Build'), 'in the way');
  const { result, error, summary } = await outcomeOf(open({ onStorageError }).start(Read));
  expect(summary.storageErrors[0]?.message).toContain('there is a file where a folder should be');
  if (onStorageError === 'fail') expect(error.message).toContain('there is a file where a folder should be');
  else expect([result, existsSync(given[0]!)]).toEqual(['a', false]);
});

it('is made when it is only loaded from elsewhere as well: a run that saves nothing', async () => {
  const empty = Storage.open('memory:');
  const paths = await empty.scope(() => open().run(Read), { save: false, nested: false });
  expect([paths, existsSync(given[0]!)]).toEqual(['a', false]);
});
