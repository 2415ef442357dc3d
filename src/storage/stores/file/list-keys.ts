import { type Dir, type Dirent, opendir } from 'node:fs';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../../base/describe-error';
import { fileName, segmentOf } from './key-path';

const openLater = promisify(opendir);

/** How many names are asked for at once: the event loop is free in between. */
const BATCH = 512;

/** The keys that start with `prefix` in a folder that holds those starting with `own`, a batch at a time. */
export async function* listKeys(path: string, own: string, prefix: string): AsyncGenerator<string[]> {
  if (!own.startsWith(prefix) && !prefix.startsWith(own)) return;
  const inner: string[][] = [];
  for await (const entries of batchesOf(path)) {
    const keys: string[] = [];
    for (const entry of entries) {
      const segment = segmentOf(entry.name);
      if (segment === undefined || fileName(segment) !== entry.name) continue;
      const key = own + segment;
      if (!entry.isDirectory()) keys.push(key);
      else if (holdsKeys(own, segment)) inner.push([`${path}/${entry.name}`, `${key}/`]);
    }
    yield keys.filter((key) => key.startsWith(prefix));
  }
  for (const [folder = '', start = ''] of inner) yield* listKeys(folder, start, prefix);
}

async function* batchesOf(path: string): AsyncGenerator<Dirent[]> {
  const folder = await openFolder(path);
  if (folder === undefined) return;
  try {
    for (let first = await folder.read(); first !== null; first = await folder.read()) {
      const entries = [first];
      // The others of a batch are in memory by now, where a promise each would cost more than they do.
      for (let next: Dirent | null; entries.length < BATCH && (next = folder.readSync()) !== null; ) entries.push(next);
      yield entries;
    }
  } finally {
    await folder.close();
  }
}

/** Undefined when it is no folder, or none any more. */
async function openFolder(path: string): Promise<Dir | undefined> {
  try {
    return await openLater(path, { bufferSize: BATCH });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** A key has at most three parts; `<name>.d` beside results is a directory that a task has filled. */
function holdsKeys(own: string, segment: string): boolean {
  return own.indexOf('/') === own.length - 1 && (own.startsWith('@') || !segment.endsWith('.d'));
}
