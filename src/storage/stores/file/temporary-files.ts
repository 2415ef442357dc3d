import { randomBytes } from 'node:crypto';
import { promises } from 'node:fs';
import { join } from 'node:path';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Files that are being written, named `<pid>-<counter>-<random>`, so that what a killed process left can be told. */
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
  async sweep(): Promise<void> {
    for (const name of await promises.readdir(this.folder).catch(() => [])) {
      const path = join(this.folder, name);
      if (await isLeftOver(path, name).catch(() => false)) await promises.unlink(path).catch(() => undefined);
    }
  }
}

async function isLeftOver(path: string, name: string): Promise<boolean> {
  const pid = Number(/^(\d+)-\d+-[0-9a-f]+$/.exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid === 0) return false;
  const age = Date.now() - (await promises.stat(path)).mtimeMs;
  return age > DAY || (age > MINUTE && !isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and someone else's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
