import { defaultEncoder } from '../../encoding/default-encoder';
import type { Encoder, Encryption } from '../../encoding/encoder';
import type { Layer } from '../../storage/layer';
import type { Layers } from '../../storage/layers';

/** Asked for every job. */
const shared = new WeakMap<Layers, Layer>();

/** The layer that a runner and its workers write: the farthest of those, since nearer ones are on one machine. */
export function sharedLayer(layers: Layers): Layer | undefined {
  let layer = shared.get(layers);
  if (!layer) {
    layer = layers.all.findLast(({ isReadonly }) => !isReadonly);
    if (layer) shared.set(layers, layer);
  }
  return layer;
}

/** What encrypts a task's jobs: what encrypts its results, where they may be read by others. */
export function encryptionFor(layers: Layers | undefined, ofTask: Encoder | undefined): Encryption | null {
  const layer = layers?.all.at(-1);
  return (layer?.encoderFor(ofTask) ?? ofTask ?? defaultEncoder).encryption;
}
