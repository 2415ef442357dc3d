import { type Dirent, lstatSync, promises } from 'node:fs';
import { systemCodeOf } from '../../base/describe-error';

/** What the system counts in, whatever the blocks of the disk. */
const unit = 512;
/** Windows does not tell how many blocks a file takes. */
const usualBlock = 4096;

/** How many bytes of its disk a file or a folder takes, with all that is in it; 0 when it is not there. */
export async function sizeOnDisk(path: string): Promise<number> {
  let size = blocksOf(path);
  for await (const entry of await entriesOf(path))
    size += entry.isDirectory() ? await sizeOnDisk(`${path}/${entry.name}`) : blocksOf(`${path}/${entry.name}`);
  return size;
}

/** Things are deleted while they are counted. */
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
