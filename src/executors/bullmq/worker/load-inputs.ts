import { isInstance } from '../../../base/describe-error';
import type { Bytes, Encoder } from '../../../encoding/encoder';
import { DamagedCheckpointError, GoneCheckpointError } from '../../../storage/errors';
import type { SerializedValue } from '../../../storage/result-codec';
import type { CheckpointHit, StorageStack } from '../../../storage/storage-stack';
import type { TaskKey } from '../../../task/context';
import { definitionOf } from '../../../task/definition';
import type { JobMessage, SentInput } from '../../remote/messages';
import type { TaskCatalog } from '../../worker/task-catalog';
import type { StoredInput } from '../protocol/job-data';

/** A job of which all pieces are here, or which of them are not in the storage. */
export type LoadedInputs =
  | { readonly message: JobMessage; readonly bytes: readonly Bytes[] }
  | { readonly missing: readonly TaskKey[] };

/** Reads from the storage what a job requires and did not bring along. @throws {StorageError | UnreadableCheckpointError} */
export async function loadInputs(
  message: JobMessage,
  bytes: readonly Bytes[],
  layers: StorageStack,
  catalogue: TaskCatalog,
): Promise<LoadedInputs> {
  if (!message.pieces.some(isStored)) return { message, bytes };
  const all = [...bytes];
  const missing: TaskKey[] = [];
  const read = async (piece: SentInput): Promise<SentInput> => {
    if (!isStored(piece)) return piece;
    const encoding = await loadInput(piece, layers, catalogue);
    if (!encoding) {
      missing.push(piece.stored.key);
      return piece;
    }
    // The task may change what it gets, and the memory of a storage is not the task's.
    all[piece.at] = encoding.isView ? new Uint8Array(encoding.bytes) : encoding.bytes;
    const { at, encodedBy, isFrozen } = piece;
    return { at, encodedBy, isFrozen, serializer: encoding.serializer, format: encoding.format };
  };
  const pieces = await Promise.all(message.pieces.map(read));
  return missing.length > 0 ? { missing } : { message: { ...message, pieces }, bytes: all };
}

/** Undefined when it is not there as it was, or can only be read where directories are known. */
async function loadInput(
  piece: StoredInput,
  layers: StorageStack,
  catalogue: TaskCatalog,
): Promise<SerializedValue | undefined> {
  const { stored, encodedBy } = piece;
  const producer = encodedBy === undefined ? undefined : catalogue.find(encodedBy);
  const encoder = producer && definitionOf(producer).options.encoder;
  for (const from of layers.reads) {
    try {
      const entry = await from.store.find(stored.key, encoder);
      if (entry?.digest !== stored.digest || entry.directories.length > 0) continue;
      const encoding = await from.store.read(entry, encoder);
      if (encoding.digest !== stored.digest) continue;
      promote({ from, checkpoint: entry }, encoding, layers, encoder);
      return encoding;
    } catch (error) {
      // The driver sends it by value.
      if (!isInstance(error, DamagedCheckpointError) && !isInstance(error, GoneCheckpointError)) throw error;
    }
  }
  return undefined;
}

/** Copies a checkpoint to nearer layers, where it is found next time. */
function promote(
  found: CheckpointHit,
  encoding: SerializedValue,
  layers: StorageStack,
  encoder: Encoder | undefined,
): void {
  if (found.from.promoteTo.length === 0 || found.checkpoint.key.startsWith('@')) return;
  layers.promote({ hit: found, value: { ...encoding, isView: true }, encoder }).catch(() => undefined);
}

function isStored(piece: SentInput): piece is StoredInput {
  return 'stored' in piece;
}
