import { close, constants, existsSync, mkdirSync, open, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../base/describe-error';
import { mkdirp } from '../../base/mkdirp';
import { hashedName, plainName, segmentOf } from './key-path';
import { flush } from './write-file';

const openLater = promisify(open);
const closeLater = promisify(close);

/** Folders that may be used but not read, and file systems that have no such call for folders. */
const UNFLUSHABLE = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']);

/** Which folder on the disk belongs to the first part of a key, and making folders once they are missed. */
export class Folders {
  readonly root: string;
  /** Where each is, or would be if nobody had made it yet. */
  readonly #places = new Map<string, string>();
  /** Those whose names are known to survive a power cut. */
  readonly #flushed = new Set<string>();
  /** Whether each of those that were asked for is there, until the turn of the event loop is over. */
  readonly #areThere = new Map<string, boolean>();
  #outermost: string;

  constructor(root: string) {
    this.root = root;
    this.#outermost = dirname(root);
  }

  /** The folder's path, whether it is there or not. */
  pathOf(folder: string): string {
    const known = this.#places.get(folder);
    if (known !== undefined) return known;
    const names = this.list();
    const place = join(this.root, nameAmong(names, folder));
    // Whether a file exists is asked in a way that takes "may not look" for "no": so that is found out here.
    if (names.has(folder)) statSync(`${place}/.`);
    this.#places.set(folder, place);
    return place;
  }

  /** Whether a folder is there, or was earlier in this turn: where it is missing, nothing in it need be looked for. */
  exists(folder: string): boolean {
    let isThere = this.#areThere.get(folder);
    if (isThere === undefined) {
      isThere = existsSync(this.pathOf(folder));
      if (this.#areThere.size === 0) queueMicrotask(() => this.#areThere.clear());
      this.#areThere.set(folder, isThere);
    }
    return isThere;
  }

  /** Makes the way to a file: the root, the folder of temporary files, the folder, and one inside if need be. */
  make(folder: string, path: string, temporary?: string): void {
    this.#flushed.clear();
    this.#areThere.clear();
    const made = mkdirp(this.root);
    if (made !== undefined) {
      this.#outermost = dirname(made);
      ignoreInGit(this.root);
    }
    if (temporary !== undefined) makeFolder(temporary);
    const names = this.list();
    let name = nameAmong(names, folder);
    if (!names.has(folder)) {
      makeFolder(join(this.root, name));
      // Another process may just have made one that differs in case only; the disk says whether this is it.
      name = nameAmong(this.list(), folder);
    }
    const place = join(this.root, name);
    makeFolder(place);
    if (path.includes('/')) makeFolder(join(place, dirname(path)));
    this.#places.set(folder, place);
  }

  /** The folders on the disk: their names there, by the first part of the keys they hold. */
  list(): Map<string, string> {
    const names = new Map<string, string>();
    for (const name of namesIn(this.root)) {
      const folder = segmentOf(name);
      if (folder !== undefined && (!names.has(folder) || name === plainName(folder))) names.set(folder, name);
    }
    return names;
  }

  /** Makes names in a folder survive a power cut, and the first time its own name and its parents'. */
  async flush(folder: string): Promise<void> {
    const done: string[] = [];
    for (let at = folder; ; at = dirname(at)) {
      await flushFolder(at);
      if (this.#flushed.has(at) || at === this.#outermost || at === dirname(at)) break;
      done.push(at);
    }
    for (const each of done) this.#flushed.add(each);
  }
}

/** The name of a folder beside those that are there: its own, or one with a hash when another has that but for its case. */
function nameAmong(names: ReadonlyMap<string, string>, folder: string): string {
  const existing = names.get(folder);
  if (existing !== undefined) return existing;
  const lower = folder.toLowerCase();
  const collides = [...names.keys()].some((name) => name.toLowerCase() === lower);
  return collides ? hashedName(folder) : plainName(folder);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}

function ignoreInGit(folder: string): void {
  try {
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}

async function flushFolder(path: string): Promise<void> {
  // Windows opens no folders, and keeps names without being asked to.
  if (process.platform === 'win32') return;
  try {
    const folder = await openLater(path, constants.O_RDONLY);
    try {
      await flush(folder);
    } finally {
      await closeLater(folder);
    }
  } catch (error) {
    if (!UNFLUSHABLE.has(systemCodeOf(error) ?? '')) throw error;
  }
}
