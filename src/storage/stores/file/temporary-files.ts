import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../directories/owner';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Files and folders that are being written, named `<pid>-<counter>-<random>`, so that what a killed process left can be told. */
export class TemporaryFiles {
  readonly folder: string;
  // The random part tells apart threads of one process, and processes of one number on different machines.
  readonly #random = randomBytes(6).toString('hex');
  #counter = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The path of a file that does not exist yet. */
  next(): string {
    return `${this.folder}/${process.pid}-${this.#counter++}-${this.#random}`;
  }

  /** Removes what killed processes left. Not being able to does no harm. */
  sweep(): void {
    try {
      for (const name of readdirSync(this.folder)) {
        const path = join(this.folder, name);
        if (isLeftOver(path, name)) rmSync(path, { recursive: true, force: true });
      }
    } catch {
      // There is no such folder yet, or another process sweeps, or may and this one may not.
    }
  }
}

function isLeftOver(path: string, name: string): boolean {
  const pid = Number(/^(\d+)-\d+-[0-9a-f]+$/.exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid === 0) return false;
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return false;
  const age = Date.now() - written;
  return age > DAY || (age > MINUTE && !isAlive(pid));
}
