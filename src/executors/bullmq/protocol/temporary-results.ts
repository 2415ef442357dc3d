import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Encoder } from '../../../encoding/encoder';
import type { CheckpointStore } from '../../../storage/checkpoint-store';
import type { SerializedValue } from '../../../storage/result-codec';
import type { RecordFields } from '../../../storage/write-checkpoint';
import type { TaskKey } from '../../../task/context';
import type { RedisKeys } from './redis-keys';

const folder = '@passing';
/** Prefix of the keys of temporary results. */
export const temporaryKeyPrefix = `${folder}/`;
const own = randomBytes(6).toString('hex');
let count = 0;

/** Results kept in the storage for one run: too large for a job, and not checkpoints. */
export class TemporaryResults {
  readonly #client: Redis;
  readonly #keys: RedisKeys;

  constructor(client: Redis, keys: RedisKeys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** Writes one for a run. Gives its key and how many bytes are kept. @throws {StorageError} */
  async put(
    layer: CheckpointStore,
    runId: string,
    encoding: SerializedValue,
    ofTask: Encoder | undefined,
  ): Promise<{ readonly key: TaskKey; readonly size: number }> {
    const key = `${folder}/${runId}.${own}${(count++).toString(36)}` as TaskKey;
    // Recorded first, so that no entry is left behind untracked.
    await this.#client.pipeline().sadd(this.#keys.runs, runId).sadd(this.#keys.temporaryResults(runId), key).exec();
    const size = await layer.save({ fields: { ...noRecord, key }, value: encoding, encoder: ofTask });
    return { key, size };
  }

  /** Removes an entry that is no longer needed. @throws {StorageError} */
  async remove(layer: CheckpointStore, runId: string, key: TaskKey): Promise<void> {
    if (await layer.delete(key)) await this.#client.srem(this.#keys.temporaryResults(runId), key);
  }

  /** Removes all entries of a run. Workers remove those that are not in this storage. @throws {StorageError} */
  async endRun(layer: CheckpointStore, runId: string): Promise<void> {
    const keys = await this.#keysOf(runId);
    let isAll = true;
    for (const key of keys) isAll = (await layer.delete(key)) && isAll;
    if (isAll) await this.#forget(runId);
  }

  /** Removes what runs left behind whose driver is gone. @throws {StorageError} */
  async sweep(layer: CheckpointStore): Promise<void> {
    for (const runId of await this.#client.smembers(this.#keys.runs)) {
      if ((await this.#client.exists(this.#keys.run(runId))) > 0) continue;
      for (const key of await this.#keysOf(runId)) await layer.delete(key);
      await this.#forget(runId);
    }
  }

  async #keysOf(runId: string): Promise<readonly TaskKey[]> {
    return (await this.#client.smembers(this.#keys.temporaryResults(runId))) as TaskKey[];
  }

  async #forget(runId: string): Promise<void> {
    await this.#client.pipeline().del(this.#keys.temporaryResults(runId)).srem(this.#keys.runs, runId).exec();
  }
}

const noRecord: Omit<RecordFields, 'key'> = Object.freeze({
  task: folder,
  version: undefined,
  params: {},
  source: '0',
  requires: [],
  marks: [],
  dynamic: [],
  seconds: 0,
});
