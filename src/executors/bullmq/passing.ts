import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Encoder } from '../../encoding/encoder';
import type { Encoding } from '../../storage/encode';
import type { Layer, RunFacts } from '../../storage/layer';
import type { TaskKey } from '../../task/context';
import type { Keys } from './names';

const folder = '@passing';
/** What the keys of such entries begin with. */
export const passingFolder = `${folder}/`;
const own = randomBytes(6).toString('hex');
let count = 0;

/** Short-lived entries of the storage: what is too large to travel with a job, and is no checkpoint. */
export class Passing {
  readonly #client: Redis;
  readonly #keys: Keys;

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** Writes one for a run. Gives its key and how many bytes are kept. @throws {StorageError} */
  async put(
    layer: Layer,
    runId: string,
    encoding: Encoding,
    ofTask: Encoder | undefined,
  ): Promise<{ readonly key: TaskKey; readonly size: number }> {
    const key = `${folder}/${runId}.${own}${(count++).toString(36)}` as TaskKey;
    // Noted first, so that nothing stays behind of which nobody knows.
    await this.#client.pipeline().sadd(this.#keys.runs, runId).sadd(this.#keys.passing(runId), key).exec();
    const size = await layer.save({ ...noFacts, key }, encoding, ofTask, undefined);
    return { key, size };
  }

  /** Removes one that nobody needs any more. @throws {StorageError} */
  async remove(layer: Layer, runId: string, key: TaskKey): Promise<void> {
    if (await layer.delete(key)) await this.#client.srem(this.#keys.passing(runId), key);
  }

  /** Removes all of a run that is over. What is not in this storage is left to workers. @throws {StorageError} */
  async endRun(layer: Layer, runId: string): Promise<void> {
    const keys = await this.#of(runId);
    let isAll = true;
    for (const key of keys) isAll = (await layer.delete(key)) && isAll;
    if (isAll) await this.#forget(runId);
  }

  /** Removes what runs left behind whose driver is gone. @throws {StorageError} */
  async sweep(layer: Layer): Promise<void> {
    for (const runId of await this.#client.smembers(this.#keys.runs)) {
      if ((await this.#client.exists(this.#keys.run(runId))) > 0) continue;
      for (const key of await this.#of(runId)) await layer.delete(key);
      await this.#forget(runId);
    }
  }

  async #of(runId: string): Promise<readonly TaskKey[]> {
    return (await this.#client.smembers(this.#keys.passing(runId))) as TaskKey[];
  }

  async #forget(runId: string): Promise<void> {
    await this.#client.pipeline().del(this.#keys.passing(runId)).srem(this.#keys.runs, runId).exec();
  }
}

const noFacts: Omit<RunFacts, 'key'> = Object.freeze({
  task: folder,
  version: undefined,
  params: {},
  source: '0',
  requires: [],
  marks: [],
  dynamic: [],
  seconds: 0,
});
