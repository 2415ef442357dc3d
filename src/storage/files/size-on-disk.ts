import { type Dirent, lstatSync, promises } from 'node:fs';
import { systemCodeOf } from '../../base/describe-error';

/** The unit of `blocks` in the stats of a file, whatever the block size of the disk. */
const unit = 512;
/** Windows does not report the blocks of a file. */
const usualBlock = 4096;

/** The disk space of a file, or of a folder with its contents, in bytes; 0 when it does not exist. */
export async function sizeOnDisk(path: string): Promise<number> {
  let size = blocksOf(path);
  for await (const entry of await entriesOf(path))
    size += entry.isDirectory() ? await sizeOnDisk(`${path}/${entry.name}`) : blocksOf(`${path}/${entry.name}`);
  return size;
}

/** Files may be deleted while they are counted. */
function blocksOf(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  const { blocks, size } = stats as { readonly blocks?: number; readonly size: number };
  return blocks === undefined ? Math.ceil(size / usualBlock) * usualBlock : blocks * unit;
}

async function entriesOf(path: string): Promise<AsyncIterable<Dirent> | readonly Dirent[]> {
  try {
    return await promises.opendir(path, { bufferSize: unit });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
