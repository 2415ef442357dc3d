import { isInstance } from '../base/describe-error';
import type { TaskKey } from '../task/context';
import type { CheckpointStore } from './checkpoint-store';
import { DamagedCheckpointError, GoneCheckpointError } from './errors';
import { blobNamesIn, decodeEntry, isEntry } from './format/entry-format';
import { isRecordKey, isTidemarkKey } from './format/keys';
import type { CheckpointRecord } from './format/record';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import { decryptFields } from './result-codec';
import { chunks, NotBytesError } from './store-client';
import { blobKey } from './write-checkpoint';

/** Receives each checkpoint that a list omits, with the problem. */
type OnUnreadable = (key: TaskKey, problem: string) => void;

const quarantineFolder = '@damaged/';

/**
 * Lists the readable records of a store, in no particular order.
 *
 * @param folder the folder of one task; without it, the records of all tasks
 */
export async function* listRecords(
  store: CheckpointStore,
  folder: string | undefined,
  onUnreadable?: OnUnreadable,
): AsyncIterableIterator<CheckpointRecord> {
  const prefix = folder === undefined ? '' : `${folder}/`;
  for await (const [key, bytes] of store.client.entries(prefix, isRecordKey)) {
    if (isInstance(bytes, NotBytesError)) {
      if (isTidemarkKey(key)) onUnreadable?.(key as TaskKey, bytes.message);
      continue;
    }
    const decoded = decodeEntry(bytes, key);
    if (decoded.state !== 'whole') {
      // A shared store may contain values of other programs.
      if (isEntry(bytes) || isTidemarkKey(key)) onUnreadable?.(key as TaskKey, decoded.problem);
      continue;
    }
    let record: CheckpointRecord;
    try {
      record = (await decryptIfPossible(store, decoded.entry)).toRecord();
    } catch (error) {
      if (!isInstance(error, DamagedCheckpointError)) throw error;
      onUnreadable?.(key as TaskKey, error.problem);
      continue;
    }
    yield record;
  }
}

/** Lists the blobs that no record names: the folder and the size of each. */
export async function* listUnnamedBlobs(
  store: CheckpointStore,
): AsyncIterableIterator<{ readonly folder: string; readonly bytes: number }> {
  for await (const key of store.unnamedBlobs.list(undefined)) {
    const bytes = await store.client.read(key);
    if (bytes !== undefined) yield { folder: key.slice(0, key.indexOf('/')), bytes: bytes.byteLength };
  }
}

/** Moves a damaged checkpoint out of the way, to where it can be inspected. Returns false if there is none. */
export async function quarantine(store: CheckpointStore, key: TaskKey): Promise<boolean> {
  const { client } = store;
  client.refresh();
  const bytes = await client.read(key);
  // Another process that found the damage may have replaced it by now.
  if (bytes === undefined || !(await isDamaged(store, key))) return false;
  await client.write(quarantineFolder + key, bytes, { durable: false });
  const now = await client.read(key);
  if (!now || Buffer.compare(now, bytes) !== 0) return true;
  await client.delete(key);
  // The blobs that only this record named, as far as it can still be read.
  for (const blob of blobNamesIn(bytes)) await client.delete(blobKey({ key, blob }));
  return true;
}

/** Deletes everything that Tidemark keeps in a store. A `Map` or a store may hold other values, which stay. */
export async function clearStore({ client, leases, directories }: CheckpointStore): Promise<void> {
  const isOwn = async (key: string) =>
    isTidemarkKey(key) || (isRecordKey(key) && (await client.holdsBytes(key, isEntry)));
  await client.removeUnusable();
  try {
    for await (const keys of chunks(client.keys('')))
      await Promise.all(keys.map(async (key) => (await isOwn(key)) && client.delete(key)));
  } catch (error) {
    if (!(await client.removeUnusable(error))) throw error;
  }
  await leases?.clear();
  await directories?.clear();
}

/** A checkpoint is not the one that was saved, as far as that can be told without the encoder of its task. */
async function isDamaged(store: CheckpointStore, key: TaskKey): Promise<boolean> {
  try {
    const checkpoint = await store.find(key, undefined);
    if (checkpoint !== undefined) await store.read(checkpoint, undefined);
    return false;
  } catch (error) {
    return !isInstance(error, GoneCheckpointError);
  }
}

/** @throws {DamagedCheckpointError} */
async function decryptIfPossible(store: CheckpointStore, checkpoint: StoredCheckpoint): Promise<StoredCheckpoint> {
  if (checkpoint.encrypter === undefined) return checkpoint;
  try {
    return await decryptFields(checkpoint, store.encoderFor(undefined));
  } catch (error) {
    if (isInstance(error, DamagedCheckpointError)) throw error;
    // The key is not here: the fields that are not encrypted can still be listed.
    return checkpoint;
  }
}
