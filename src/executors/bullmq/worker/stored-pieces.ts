import { isInstance } from '../../../base/describe-error';
import type { Bytes } from '../../../encoding/encoder';
import { DamagedCheckpointError, GoneCheckpointError } from '../../../storage/checkpoint-error';
import type { Encoding } from '../../../storage/encode';
import type { Found, Layers } from '../../../storage/layers';
import type { TaskKey } from '../../../task/context';
import { definitionOf } from '../../../task/definition';
import type { JobMessage, SentPiece } from '../../pool/messages';
import type { Catalogue } from '../../worker/catalogue';
import type { StoredPiece } from '../job-content';

/** A job of which all pieces are here, or which of them are not in the storage. */
export type ReadPieces =
  | { readonly message: JobMessage; readonly bytes: readonly Bytes[] }
  | { readonly missing: readonly TaskKey[] };

/** Reads from the storage what a job requires and did not bring along. @throws {StorageError | UnreadableCheckpointError} */
export async function readStoredPieces(
  message: JobMessage,
  bytes: readonly Bytes[],
  layers: Layers,
  catalogue: Catalogue,
): Promise<ReadPieces> {
  if (!message.pieces.some(isStored)) return { message, bytes };
  const all = [...bytes];
  const missing: TaskKey[] = [];
  const read = async (piece: SentPiece): Promise<SentPiece> => {
    if (!isStored(piece)) return piece;
    const encoding = await readOne(piece, layers, catalogue);
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
async function readOne(piece: StoredPiece, layers: Layers, catalogue: Catalogue): Promise<Encoding | undefined> {
  const { stored, encodedBy } = piece;
  const producer = encodedBy === undefined ? undefined : catalogue.find(encodedBy);
  const encoder = producer && definitionOf(producer).options.encoder;
  for (const from of layers.reads) {
    try {
      const entry = await from.layer.find(stored.key, encoder);
      if (entry?.digest !== stored.digest || entry.directories.length > 0) continue;
      const encoding = await from.layer.read(entry, encoder);
      if (encoding.digest !== stored.digest) continue;
      promote({ from, entry }, encoding, layers, encoder);
      return encoding;
    } catch (error) {
      // It is sent by who has the value.
      if (!isInstance(error, DamagedCheckpointError) && !isInstance(error, GoneCheckpointError)) throw error;
    }
  }
  return undefined;
}

/** Copies a checkpoint to nearer layers, where it is found next time. */
function promote(found: Found, encoding: Encoding, layers: Layers, encoder: Parameters<Layers['promote']>[2]): void {
  if (found.from.promoteTo.length === 0 || found.entry.key.startsWith('@')) return;
  layers.promote(found, { ...encoding, isView: true }, encoder, undefined).catch(() => undefined);
}

function isStored(piece: SentPiece): piece is StoredPiece {
  return 'stored' in piece;
}
