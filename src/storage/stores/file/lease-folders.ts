import type { Awaitable } from '../../../awaitable';
import { systemCodeOf } from '../../../base/describe-error';
import { isAbandoned, isNonce } from '../../directories/owner';
import type { LeaseSteps } from './lease-steps';
import type { TemporaryFiles } from './temporary-files';

/** The folders of leases, each of which has the file of its owner, named by his token. */
export class LeaseFolders {
  readonly #steps: LeaseSteps;
  readonly #temporary: TemporaryFiles;
  /** The folders of tasks that were looked through for what dead owners left. */
  readonly #swept = new Set<string>();

  constructor(steps: LeaseSteps, temporary: TemporaryFiles) {
    this.#steps = steps;
    this.#temporary = temporary;
  }

  /** Puts a folder in place that has the owner's file in it. Gives what is wrong when that cannot be. */
  async moveIn(place: string, token: string, who: string): Promise<unknown> {
    const folder = this.#temporary.next();
    try {
      await this.#steps.makeFolder(folder);
      await this.#steps.create(`${folder}/${token}`, who);
      await this.#steps.move(folder, place);
      return undefined;
    } catch (error) {
      await quietly(() => this.#steps.remove(`${folder}/${token}`));
      await quietly(() => this.#steps.removeFolder(folder));
      return error;
    }
  }

  /** The token of the owner who lives, as far as is known here. Those who are known to be dead lose their lease. */
  async ownerIn(place: string): Promise<string | undefined> {
    const names = (await ifThere(() => this.#steps.list(place))) ?? [];
    for (const token of names.filter(isNonce)) {
      if (!isAbandoned(`${place}/${token}`, token)) return token;
      await this.remove(place, token);
    }
    return undefined;
  }

  async remove(place: string, token: string): Promise<void> {
    await ifThere(() => this.#steps.remove(`${place}/${token}`));
    await quietly(() => this.#steps.removeFolder(place));
  }

  /** Removes what dead processes left in the leases of a task, whose keys nobody may ask for again. */
  async sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    for (const name of (await ifThere(() => this.#steps.list(folder))) ?? [])
      await quietly(async () => void (await this.ownerIn(`${folder}/${name}`)));
  }
}

/** What cannot be done here another does later, or nobody misses it. */
export async function quietly(work: () => Awaitable<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // See above.
  }
}

/** Undefined when what it is about is gone. */
export async function ifThere<T>(work: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether a file is gone; the second is what systems say when another machine has removed it. */
export function isGone(error: unknown): boolean {
  return systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ESTALE';
}
