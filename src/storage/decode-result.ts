import { hash } from 'node:crypto';
import { type Awaitable, andThen } from '../awaitable';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Bytes, Encoder } from '../encoding/encoder';
import { DamagedCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import type { CheckpointRecord } from './record';

/**
 * The encoder that can decode a checkpoint.
 *
 * @param given the one that its task is encoded with today
 * @throws {UnreadableCheckpointError} when neither that one nor the default can
 */
export function decoderFor(record: CheckpointRecord, given: Encoder): Encoder {
  const reader = [given, defaultEncoder as Encoder].find(
    (one) => one.id === record.encoder && one.canRead(record.format),
  );
  if (reader) return reader;
  throw new UnreadableCheckpointError(
    record.key,
    `it was saved as ${record.encoder} (${record.format}), which ${given.id} cannot read; give the task or the storage the encoder that it was saved with`,
  );
}

/**
 * The result that a record and its bytes hold. The digest is checked before anything is decoded.
 *
 * @throws {DamagedCheckpointError} when the bytes are not those that were saved
 * @throws {UnreadableCheckpointError} when they are, and cannot be decoded all the same
 */
export function decodeResult(record: CheckpointRecord, bytes: Bytes, reader: Encoder): Awaitable<unknown> {
  const { key, size, digest, format, savedBy } = record;
  if (bytes.byteLength !== size)
    throw new DamagedCheckpointError(key, `it has ${bytes.byteLength} bytes where ${size} were saved`);
  return andThen(reader.unpack ? reader.unpack(bytes, key) : bytes, (serialized) => {
    if (hash('sha256', serialized, 'hex') !== digest)
      throw new DamagedCheckpointError(key, 'its bytes are not those that were saved (SHA-256 differs)');
    try {
      return reader.deserialize(serialized, format);
    } catch (cause) {
      // The bytes are right, so it is this process that cannot read them: another version of Node, say.
      throw new UnreadableCheckpointError(
        key,
        `its bytes are whole, but decoding them as ${format} failed (${(cause as Error)?.message}); it was saved by ${savedBy}. Clear it, or use the version of Node that it was saved with`,
        { cause },
      );
    }
  });
}
