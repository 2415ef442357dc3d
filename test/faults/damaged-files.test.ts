import 'reflect-metadata';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedCheckpointError, Param, Runner, Task } from 'tidemark';
import { FileStore } from '../../src/storage/stores/file/file-store';
import { difference } from '../encoding/support/difference';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';
import { combinations, forms, openForm, type Place } from './support/forms';

const folder = temporaryFolder();

@Task({ save: true })
class Kept {
  @Param() form!: string;
  run(): unknown {
    return forms[this.form]!.value;
  }
}

const runIn = (form: string, place: Place) =>
  outcomeOf(
    new Runner({ storage: openForm(`file:${folder.path}`, form, place), onWarning: () => {} }).start(Kept, { form }),
  );

/** Saves anew, and gives the files of the record and of its bytes, when those are beside it. */
async function saved(form: string, place: Place): Promise<[record: string, beside: string | undefined]> {
  const kept = join(folder.path, 'Kept');
  rmSync(kept, { recursive: true, force: true });
  await runIn(form, place);
  const [record, beside] = readdirSync(kept).sort((a, b) => a.length - b.length);
  return [join(kept, record!), beside && join(kept, beside)];
}

/** The first nine cut short or change one bit, the last takes the file away. */
function damage(file: string, i: number): void {
  const bytes = readFileSync(file);
  const at = Math.floor((bytes.length * i) / 9);
  if (i === 9) rmSync(file);
  else
    writeFileSync(file, i % 3 === 0 ? bytes.subarray(0, at) : bytes.map((b, j) => (j === at ? b ^ (1 << (i % 8)) : b)));
}

const faults = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((i) => [
  { i, where: 0 },
  { i, where: 1 },
]);

it.each(combinations)('reports damaged files of a result kept as %s, %s, and computes again', async (form, place) => {
  const { value, hasIdleBits = false } = forms[form]!;
  let recomputed = 0;
  for (const { i, where } of faults) {
    const files = await saved(form, place);
    const file = files[where];
    if (file === undefined || (i === 9 && where === 0)) continue;
    damage(file, i);
    const broken = new Uint8Array(readFileSync(files[0]));
    const { result, summary } = await runIn(form, place);
    expect(difference(value, result)).toBeUndefined();
    if (hasIdleBits && summary.loaded === 1) continue;
    expect([summary.ran, summary.saved, summary.storageErrors]).toEqual([1, 1, [expect.any(DamagedCheckpointError)]]);
    const { key } = summary.storageErrors[0] as DamagedCheckpointError;
    expect(await new FileStore(folder.path).get(`@damaged/${key}`)).toEqual(broken);
    const again = await runIn(form, place);
    expect([again.summary.loaded, again.summary.storageErrors]).toEqual([1, []]);
    expect(difference(value, again.result)).toBeUndefined();
    recomputed++;
  }
  expect(recomputed).toBeGreaterThan(place === 'beside' ? 15 : 7);
});
