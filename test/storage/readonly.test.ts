import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Requires, Runner, Storage, StorageError, Task, TaskDirectory } from 'tidemark';
import { fullWorkerOptions } from '../../src/executors/bullmq/worker/options';
import { tidemark, trainFile, write } from '../cli/support/cli';
import { temporaryFolder } from '../support/temporary-folder';

let runs: string[] = [];
beforeEach(() => {
  runs = [];
});

@Task({ save: true })
class Base {
  run(): number[] {
    runs.push('Base');
    return [1];
  }
}

@Task({ save: true })
class Sum {
  @Requires(Base) base!: number[];
  run(): number {
    runs.push('Sum');
    return this.base[0]! + 1;
  }
}

@Task({ save: true })
class Files {
  @Requires(TaskDirectory) directory!: TaskDirectory;
  run(): TaskDirectory {
    runs.push('Files');
    writeFileSync(join(this.directory.path, 'a'), 'a');
    return this.directory;
  }
}

const folder = temporaryFolder();
const at = (name: string) => `file:${join(folder.path, name)}`;
const run = (storage: Storage, target: Parameters<Runner['run']>[0] = Sum) =>
  new Runner({ storage }).run(target as any);

/** All files in a folder, with what is in them. */
function contentOf(name: string): Record<string, string> {
  const root = join(folder.path, name);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, readFileSync(path, 'latin1')]),
  );
}

describe('a read-only storage', () => {
  it.each<[string, () => Storage]>([
    ['by an option', () => Storage.open(at('shared'), { readonly: true })],
    ['by its URI', () => Storage.open(`${at('shared')}?readonly=true`)],
    ['by its URI, in short', () => Storage.open(`${at('shared')}?readonly`)],
  ])('%s, loads and saves nothing', async (_, open) => {
    await run(Storage.open(at('shared')), Base);
    const before = contentOf('shared');
    expect(await run(open())).toBe(2);
    expect(await run(open())).toBe(2);
    expect(runs).toEqual(['Base', 'Sum', 'Sum']);
    expect(contentOf('shared')).toEqual(before);
  });

  it('refuses to clear and delete, and tells the remedy', async () => {
    await run(Storage.open(at('shared')));
    const before = contentOf('shared');
    const storage = Storage.open(at('shared'), { readonly: true });
    const runner = new Runner({ storage });
    const key = await runner.key(Base);
    for (const forget of [
      () => runner.clear(Base),
      () => runner.clear(Base, {}),
      () => storage.delete(key),
      () => storage.clear(),
    ]) {
      const error = await forget().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StorageError);
      expect((error as Error).message).toMatch(
        /it was opened read-only\. Open it without readonly, or chain it with a storage/,
      );
    }
    expect(contentOf('shared')).toEqual(before);
  });

  it('changes no store in any other way', async () => {
    const store = new Map<string, Uint8Array>();
    await run(Storage.open(store), Base);
    const before = [...store];
    const storage = Storage.open(store, { readonly: true });
    await run(storage);
    await expect(storage.clear()).rejects.toThrow(/read-only/);
    expect([...store]).toEqual(before);
  });

  it('makes no folder', async () => {
    await run(Storage.open(at('missing'), { readonly: true }));
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('leaves a damaged checkpoint in place, and warns', async () => {
    await run(Storage.open(at('shared')), Base);
    const [path, bytes] = Object.entries(contentOf('shared')).find(([file]) => file.includes('/Base/'))!;
    writeFileSync(path, bytes.replace(/.$/s, 'x'), 'latin1');
    const before = contentOf('shared');
    const warnings: string[] = [];
    const local = Storage.open('memory:');
    const storage = Storage.chain(local, Storage.open(at('shared'), { readonly: true }));
    const runner = new Runner({ storage, onWarning: (warning) => warnings.push(String(warning)) });
    expect(await runner.run(Base)).toEqual([1]);
    expect(warnings.join()).toMatch(/is damaged: .* It stays in .*\/shared, which is read-only, and is not used/);
    expect(contentOf('shared')).toEqual(before);
    expect(await new Runner({ storage: local }).run(Base)).toEqual([1]);
    expect(runs).toEqual(['Base', 'Base']);
  });

  it('keeps its task directories', async () => {
    await run(Storage.open(at('shared')), Files);
    const before = contentOf('shared');
    const storage = Storage.chain(Storage.open(at('local')), Storage.open(at('shared'), { readonly: true }));
    const loaded = (await run(storage, Files)) as TaskDirectory;
    expect(readFileSync(join(loaded.path, 'a'), 'utf8')).toBe('a');
    expect(await new Runner({ storage }).clear(Files)).toEqual([]);
    await run(storage, Files);
    expect(runs).toEqual(['Files', 'Files']);
    expect(contentOf('shared')).toEqual(before);
  });

  it('can be requested in one way only', () => {
    expect(() => Storage.open('memory:?readonly=true', { readonly: false })).toThrow(
      /readonly: false .* \?readonly=true/,
    );
    expect(() => Storage.open('memory:', { readonly: 'yes' as any })).toThrow(
      /readonly is 'yes'; it must be true or false/,
    );
  });

  it('cannot be used by a worker', () => {
    const options = { connection: 'redis://localhost:1', modules: [__filename] };
    expect(() => fullWorkerOptions({ ...options, storage: 'memory:?readonly=true' })).toThrow(
      /startWorker\(\) cannot save results in memory, which is read-only/,
    );
  });
});

describe('a chain with a read-only layer', () => {
  async function chained(options: Parameters<typeof Storage.chain>[1] | object = {}) {
    await run(Storage.open(at('shared')));
    runs = [];
    const shared = contentOf('shared');
    const local = Storage.open(at('local'));
    const storage = Storage.chain(local, Storage.open(at('shared'), { readonly: true }), options as object);
    return { shared, local, storage };
  }

  it('clears for those who read through it, and changes nothing in the read-only layer', async () => {
    const { shared, storage } = await chained();
    const runner = new Runner({ storage });
    expect(await runner.run(Sum)).toBe(2);
    expect(runs).toEqual([]);
    await runner.clear(Base);
    expect(await runner.run(Sum)).toBe(2);
    expect(runs).toEqual(['Base', 'Sum']);
    expect(await new Runner({ storage }).run(Sum)).toBe(2);
    expect(runs).toEqual(['Base', 'Sum']);
    expect(contentOf('shared')).toEqual(shared);
    // Who does not read through it knows nothing of that.
    await run(Storage.open(at('shared')));
    expect(runs).toEqual(['Base', 'Sum']);
  });

  it('deletes and clears in the other layers', async () => {
    const { shared, local, storage } = await chained({ promote: true });
    await run(storage);
    const key = await new Runner({ storage }).key(Sum);
    expect([await local.has(key), await storage.delete(key), await local.has(key)]).toEqual([true, true, false]);
    expect([await storage.has(key), await storage.delete(key)]).toEqual([true, false]);
    await storage.clear();
    expect((await local.stats()).size).toBe(0);
    expect(contentOf('shared')).toEqual(shared);
  });

  it('saves in the first layer that is not read-only, or in all of these', async () => {
    const [near, far] = [Storage.open('memory:'), Storage.open('memory:')];
    await run(Storage.chain(Storage.open(at('shared'), { readonly: true }), near, far));
    expect([(await near.stats()).size, (await far.stats()).size]).toEqual([2, 0]);
    await near.clear();
    await run(Storage.chain(Storage.open(at('shared'), { readonly: true }), near, far, { write: 'all' }));
    expect([(await near.stats()).size, (await far.stats()).size]).toEqual([2, 2]);
  });

  it('copies into the first layer that is not read-only, and into no other', async () => {
    const [near, far] = [Storage.open('memory:'), Storage.open('memory:')];
    await run(far);
    mkdirSync(join(folder.path, 'shared'));
    const shared = Storage.open(at('shared'), { readonly: true });
    await run(Storage.chain(shared, near, far, { promote: true }));
    expect((await near.stats()).size).toBe(1);
    expect(contentOf('shared')).toEqual({});
  });

  it('has no leases in the read-only layer', async () => {
    const storage = Storage.chain(Storage.open(at('local')), Storage.open(at('shared'), { readonly: true }), {
      write: 'all',
    });
    await Storage.open(at('shared'));
    expect(storage.stack.leases).toBe(storage.stack.writes[0]!.leases);
    expect(storage.stack.writes).toHaveLength(1);
  });
});

it('saves outside of a scope whose storage is read-only', async () => {
  await run(Storage.open(at('shared')), Base);
  const outside = Storage.open('memory:');
  const runner = new Runner({ storage: outside });
  await Storage.open(at('shared'), { readonly: true }).scope(() => runner.run(Sum));
  expect([...(await outside.stats()).keys()]).toEqual(['Sum']);
});

it('is an option of the command line', async () => {
  write(folder.path, { 'train.ts': trainFile });
  const cli = (...args: string[]) => tidemark(args, { cwd: folder.path });
  await cli('run', 'train.ts', '--readonly');
  expect(readdirSync(folder.path)).toEqual(['train.ts']);
  await cli('run', 'train.ts');
  cpSync(join(folder.path, '.tidemark'), join(folder.path, 'copy'), { recursive: true });
  const refused = { code: 1, out: '', err: expect.stringContaining('it was opened read-only') };
  expect(await cli('clear', '--all', '--readonly')).toMatchObject(refused);
  expect(await cli('clear', 'Load', '--storage', 'file:copy?readonly=true')).toMatchObject(refused);
  expect(contentOf('copy')).toEqual(
    Object.fromEntries(
      Object.entries(contentOf('.tidemark')).map(([path, text]) => [path.replace('/.tidemark/', '/copy/'), text]),
    ),
  );
});
