import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoder, Runner, Storage, Task } from 'tidemark';
import { readFile } from '../../src/storage/files/read-file';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919) >>> 3);

it.each([0, 1, 65_535, 65_536, 65_537, 2 ** 22, 2 ** 22 + 65_536, 3 * 2 ** 22 + 1])(
  'gives each part of a file of %d bytes once and in order',
  async (length) => {
    const bytes = bytesOf(length);
    writeFileSync(join(folder.path, 'file'), bytes);
    const parts: Uint8Array[] = [];
    const read = await readFile(join(folder.path, 'file'), (part) => parts.push(part.slice()));
    expect(Buffer.compare(read, bytes)).toBe(0);
    const told = Buffer.concat(parts);
    expect(told.length === 0 || Buffer.compare(told, bytes) === 0).toBe(true);
  },
);

@Task({ save: true })
class Large {
  run(): Uint8Array {
    return bytesOf(9_000_000);
  }
}

it('notices a flipped bit in whatever part of a large result', async () => {
  const storage = Storage.open(`file:${folder.path}`, { encoder: encoder({ compressor: null }) });
  const runner = new Runner({ storage });
  const digest = createHash('sha256')
    .update(await runner.run(Large))
    .digest('hex');
  for (const at of [0, 4_200_000, 8_999_999]) {
    const [record] = await collect(storage.list());
    expect(record).toMatchObject({ compressor: undefined, size: 9_000_000 });
    const file = join(folder.path, `${record!.key}.${record!.blob}`);
    const bytes = bytesOf(9_000_000);
    bytes[at]! ^= 4;
    writeFileSync(file, bytes);
    const { result, summary } = await outcomeOf(runner.start(Large));
    expect([createHash('sha256').update(result).digest('hex'), summary.ran, summary.storageErrors.length]).toEqual([
      digest,
      1,
      1,
    ]);
  }
});
