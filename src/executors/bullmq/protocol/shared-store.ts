import type { Encoder, Encryption } from '../../../encoding/encoder';
import { defaultEncoder } from '../../../encoding/make-encoder';
import type { CheckpointStore } from '../../../storage/checkpoint-store';
import type { StorageStack } from '../../../storage/storage-stack';

/** Asked for every job. */
const shared = new WeakMap<StorageStack, CheckpointStore>();

/** The layer that a runner and its workers write: the farthest of those, since nearer ones are on one machine. */
export function sharedStore(layers: StorageStack): CheckpointStore | undefined {
  let layer = shared.get(layers);
  if (!layer) {
    layer = layers.all.findLast(({ isReadonly }) => !isReadonly);
    if (layer) shared.set(layers, layer);
  }
  return layer;
}

/** Encryption for the jobs of a task: that of its results in the storage that others read. */
export function encryptionFor(layers: StorageStack | undefined, ofTask: Encoder | undefined): Encryption | null {
  const layer = layers?.all.at(-1);
  return (layer?.encoderFor(ofTask) ?? ofTask ?? defaultEncoder).encryption;
}
