import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Storage } from 'tidemark';
import { Child } from '../support/child';
import { noise } from '../support/noise';
import { temporaryFolder } from '../support/temporary-folder';
import { saveAs } from './support/forms';

const folder = temporaryFolder();

it('survives that LMDB is opened and closed repeatedly, even while another process has it open', async () => {
  const child = new Child(join(__dirname, 'fixtures/open-and-close.ts'), [`lmdb:${folder.path}`, '200']);
  expect(await child.ended).toEqual({ code: 0, signal: null, output: 'done\n' });
});

it('leaves a result unchanged that it saves without a copy, so that it can be saved again', async () => {
  const storage = Storage.open(`lmdb:${folder.path}`);
  const value = noise(50_000).slice().buffer;
  for (const key of ['Example/0', 'Example/1']) await saveAs(storage, key, value);
  expect(Reflect.ownKeys(value)).toEqual([]);
  await storage.close();
});

it.each(['lmdb', 'file'])(
  '%s: a run sees a clear that was done while its process blocked its event loop',
  async (scheme) => {
    const args = [`${scheme}:${folder.path}/store`, folder.path];
    const fixture = join(__dirname, 'fixtures/blocks-then-runs.ts');
    const blocked = new Child(fixture, args);
    while (!existsSync(join(folder.path, 'computed'))) await wait(5);
    expect(await new Child(fixture, [...args, 'clears']).ended).toMatchObject({ code: 0 });
    expect(JSON.parse((await blocked.ended).output)).toEqual(['from old', false, true, 'from new']);
  },
);
