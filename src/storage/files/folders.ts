import { close, constants, existsSync, mkdirSync, open, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../base/describe-error';
import { mkdirp } from '../../base/mkdirp';
import { hashedName, plainName, segmentOf } from './key-path';
import { flush } from './write-file';

const openLater = promisify(open);
const closeLater = promisify(close);

/** The errors of folders without read permission, and of file systems that cannot flush folders. */
const UNFLUSHABLE = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']);

/** Maps the first part of keys to folders on the disk, and makes missing folders. */
export class Folders {
  readonly root: string;
  /** The path of each folder, whether it exists or not. */
  readonly #places = new Map<string, string>();
  /** The folders whose names are known to survive a power cut. */
  readonly #flushed = new Set<string>();
  /** The existence of folders, remembered until the end of the turn. */
  readonly #areThere = new Map<string, boolean>();
  #outermost: string;

  constructor(root: string) {
    this.root = root;
    this.#outermost = dirname(root);
  }

  /** The path of a folder, whether it exists or not. */
  pathOf(folder: string): string {
    const known = this.#places.get(folder);
    if (known !== undefined) return known;
    const names = this.list();
    const place = join(this.root, nameAmong(names, folder));
    // `existsSync` also returns false without permission, so that is checked here.
    if (names.has(folder)) statSync(`${place}/.`);
    this.#places.set(folder, place);
    return place;
  }

  /** The folder exists, or existed earlier in this turn: nothing has to be looked up in a missing folder. */
  exists(folder: string): boolean {
    let isThere = this.#areThere.get(folder);
    if (isThere === undefined) {
      isThere = existsSync(this.pathOf(folder));
      if (this.#areThere.size === 0) queueMicrotask(() => this.#areThere.clear());
      this.#areThere.set(folder, isThere);
    }
    return isThere;
  }

  /** Makes all missing folders on the path of a file, and the folder of temporary files. */
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
      // Another process may just have made one that differs in case only: the disk tells if it is the same.
      name = nameAmong(this.list(), folder);
    }
    const place = join(this.root, name);
    makeFolder(place);
    if (path.includes('/')) makeFolder(join(place, dirname(path)));
    this.#places.set(folder, place);
  }

  /** The folders on the disk: their names, by the first part of the keys in them. */
  list(): Map<string, string> {
    const names = new Map<string, string>();
    for (const name of namesIn(this.root)) {
      const folder = segmentOf(name);
      if (folder !== undefined && (!names.has(folder) || name === plainName(folder))) names.set(folder, name);
    }
    return names;
  }

  /** Makes the names in a folder survive a power cut; the first time also the names of the folder and its parents. */
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

/** The name for a folder: its own, or one with a hash if the name of another folder differs in case only. */
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
  // Windows cannot open folders, and makes names durable by itself.
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
