import type { Bytes, Encoder } from '../../../src/encoding/encoder';
import { pack, unpack } from '../../../src/encoding/packing';

const place = 'Example/0123';

/** Encodes and decodes as a storage does. Returns the stored bytes as well. */
export async function through(encoder: Encoder, value: unknown): Promise<{ back: any; kept: Bytes; format: string }> {
  const { serialization } = encoder;
  const { bytes, format } = await serialization.serialize(value);
  const { bytes: kept, packing } = await pack(bytes, encoder, place);
  const plain = await unpack(new Uint8Array(kept), packing, [encoder], place, bytes.byteLength);
  return { back: await serialization.deserialize(plain, format, true), kept, format };
}
