import { isInstance } from '../base/describe-error';
import type { TaskKey } from '../task/context';
import { DamagedCheckpointError } from './errors';
import { decodeEntry, isEntry } from './format/entry-format';
import { isRecordKey, isTidemarkKey } from './format/keys';
import type { CheckpointRecord } from './format/record';
import type { CheckpointReader } from './read-checkpoint';
import { NotBytesError, type StoreClient } from './store-client';

/** Receives each checkpoint that a list omits, with the problem. */
export type OnUnreadable = (key: TaskKey, problem: string) => void;

/** The readable records whose keys have a prefix, in no particular order. */
export async function* listRecords(
  entries: StoreClient,
  reader: CheckpointReader,
  prefix: string,
  onUnreadable?: OnUnreadable,
): AsyncIterableIterator<CheckpointRecord> {
  for await (const [key, bytes] of entries.entries(prefix, isRecordKey)) {
    if (bytes instanceof NotBytesError) {
      if (isTidemarkKey(key)) onUnreadable?.(key as TaskKey, bytes.message);
      continue;
    }
    const read = decodeEntry(bytes, key);
    if (read.state !== 'whole') {
      // A shared store may contain values of other programs.
      if (isEntry(bytes) || isTidemarkKey(key)) onUnreadable?.(key as TaskKey, read.problem);
      continue;
    }
    let record: CheckpointRecord;
    try {
      record = (await reader.decryptIfPossible(read.entry)).toRecord();
    } catch (error) {
      if (!isInstance(error, DamagedCheckpointError)) throw error;
      onUnreadable?.(key as TaskKey, error.problem);
      continue;
    }
    yield record;
  }
}
