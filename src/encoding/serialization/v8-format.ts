import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import type { Bytes } from '../encoder';
import { fixPrototypes } from './foreign-realm';
import { isSegment, type SegmentReader, type SegmentWriter } from './segments';
import { binaryFromMemory, binaryTypeOf } from './typed-arrays';

/** In the order of their numbers in Node's V8 format. */
const viewTypes = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'DataView',
  'Buffer',
  'BigInt64Array',
  'BigUint64Array',
];
/** A number of our own, for typed arrays that are stored apart. */
const segmentType = 1_000;

/**
 * Encodes as `v8.serialize` does.
 *
 * @param segments receives the large typed arrays, if they are stored apart
 */
export function encodeV8(value: unknown, segments?: SegmentWriter): Bytes {
  const serializer = segments === undefined ? new DefaultSerializer() : new SegmentingSerializer(segments);
  serializer.writeHeader();
  serializer.writeValue(value);
  // The released buffer grew by doubling: a copy uses only the memory of the bytes.
  return new Uint8Array(serializer.releaseBuffer());
}

/** @throws {Error} when the bytes are not those of a value */
export function decodeV8(bytes: Bytes, segments?: SegmentReader): unknown {
  const deserializer = new CopyingDeserializer(bytes, segments);
  deserializer.readHeader();
  return fixPrototypes(deserializer.readValue());
}

class SegmentingSerializer extends DefaultSerializer {
  readonly #segments: SegmentWriter;

  constructor(segments: SegmentWriter) {
    super();
    this.#segments = segments;
  }

  _writeHostObject(view: ArrayBufferView): void {
    if (!isSegment(view)) {
      // The declarations of Node omit it.
      (DefaultSerializer.prototype as unknown as SegmentingSerializer)._writeHostObject.call(this, view);
      return;
    }
    const [, position, byteLength] = this.#segments.add(view);
    this.writeUint32(segmentType);
    this.writeUint32(viewTypes.indexOf(binaryTypeOf(view)));
    this.writeDouble(position);
    this.writeDouble(byteLength);
  }
}

/** Copies typed arrays: Node's own views would keep all of the input in memory, and change with it. */
class CopyingDeserializer extends DefaultDeserializer {
  readonly #segments: SegmentReader | undefined;

  constructor(bytes: Bytes, segments: SegmentReader | undefined) {
    super(bytes);
    this.#segments = segments;
  }

  _readHostObject(): ArrayBufferView {
    const number = this.readUint32();
    if (number === segmentType && this.#segments !== undefined) {
      return this.#segments.read([viewTypeName(this.readUint32()), this.readDouble(), this.readDouble()]);
    }
    const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
    return binaryFromMemory(viewTypeName(number), bytes.buffer) as ArrayBufferView;
  }
}

function viewTypeName(number: number): string {
  return viewTypes[number] ?? `number ${number} of the V8 format`;
}
