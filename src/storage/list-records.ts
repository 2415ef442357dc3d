import { isInstance } from '../base/describe-error';
import type { TaskKey } from '../task/context';
import { DamagedCheckpointError } from './checkpoint-error';
import type { CheckpointReader } from './checkpoint-reader';
import { type Entries, NotBytesError } from './entries';
import { decodeEntry, isEntry } from './entry-format';
import { isOwnKey, isRecordKey } from './key-forms';
import type { CheckpointRecord } from './record';

/** Receives each checkpoint that a list omits, with the problem. */
export type OnUnreadable = (key: TaskKey, problem: string) => void;

/** The readable records whose keys have a prefix, in no particular order. */
export async function* listRecords(
  entries: Entries,
  reader: CheckpointReader,
  prefix: string,
  onUnreadable?: OnUnreadable,
): AsyncIterableIterator<CheckpointRecord> {
  for await (const [key, bytes] of entries.entries(prefix, isRecordKey)) {
    if (bytes instanceof NotBytesError) {
      if (isOwnKey(key)) onUnreadable?.(key as TaskKey, bytes.message);
      continue;
    }
    const read = decodeEntry(bytes, key);
    if (read.state !== 'whole') {
      // A shared store may contain values of other programs.
      if (isEntry(bytes) || isOwnKey(key)) onUnreadable?.(key as TaskKey, read.problem);
      continue;
    }
    let record: CheckpointRecord;
    try {
      record = (await reader.revealIfPossible(read.entry)).toRecord();
    } catch (error) {
      if (!isInstance(error, DamagedCheckpointError)) throw error;
      onUnreadable?.(key as TaskKey, error.problem);
      continue;
    }
    yield record;
  }
}
