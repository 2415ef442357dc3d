import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import { TYPED_ARRAYS } from './binary';
import type { Bytes } from './encoder';
import { adopt } from './realm';

/** The numbers of Node's V8 format for the views that are not typed arrays. */
const DATA_VIEW = 9;
const BUFFER = 10;

/** Encodes as `v8.serialize` does. */
export function encodeV8(value: unknown): Bytes {
  const serializer = new DefaultSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  // The buffer that it releases has grown by doubling: a copy holds no more than the bytes.
  return new Uint8Array(serializer.releaseBuffer());
}

/** @throws {Error} when these are not the bytes of a value. */
export function decodeV8(bytes: Bytes): unknown {
  const deserializer = new CopyingDeserializer(bytes);
  deserializer.readHeader();
  return adopt(deserializer.readValue());
}

/** Node's own makes views of the bytes that it reads from: they would keep all of them in memory, and change with them. */
class CopyingDeserializer extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    const kind = this.readUint32();
    const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
    if (kind === BUFFER) return Buffer.from(bytes.buffer);
    if (kind === DATA_VIEW) return new DataView(bytes.buffer);
    const TypedArray = TYPED_ARRAYS[kind as keyof typeof TYPED_ARRAYS];
    if (TypedArray === undefined) throw new Error(`The V8 format has no kind of array numbered ${kind}.`);
    return new TypedArray(bytes.buffer);
  }
}
