import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import type { Bytes } from '../encoder';
import { fixPrototypes } from './foreign-realm';
import { isSegment, type SegmentReader, type SegmentWriter } from './segments';
import { binaryFromMemory, binaryTypeOf } from './typed-arrays';

/** In the order of the numbers that Node gives them in its V8 format. */
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
/** Our own number, for those that are kept apart. */
const segmentType = 1_000;

/**
 * Encodes as `v8.serialize` does.
 *
 * @param segments - Takes the large typed arrays, when they are kept apart.
 */
export function encodeV8(value: unknown, segments?: SegmentWriter): Bytes {
  const serializer = segments === undefined ? new DefaultSerializer() : new SegmentingSerializer(segments);
  serializer.writeHeader();
  serializer.writeValue(value);
  // The buffer that it releases has grown by doubling: a copy holds no more than the bytes.
  return new Uint8Array(serializer.releaseBuffer());
}

/** @throws {Error} when these are not the bytes of a value. */
export function decodeV8(bytes: Bytes, segments?: SegmentReader): unknown {
  const deserializer = new CopyingDeserializer(bytes, segments);
  deserializer.readHeader();
  return fixPrototypes(deserializer.readValue());
}

class SegmentingSerializer extends DefaultSerializer {
  constructor(private readonly segments: SegmentWriter) {
    super();
  }

  _writeHostObject(view: ArrayBufferView): void {
    if (!isSegment(view)) {
      // Declarations leave it out.
      (DefaultSerializer.prototype as unknown as SegmentingSerializer)._writeHostObject.call(this, view);
      return;
    }
    const [, position, byteLength] = this.segments.add(view);
    this.writeUint32(segmentType);
    this.writeUint32(viewTypes.indexOf(binaryTypeOf(view)));
    this.writeDouble(position);
    this.writeDouble(byteLength);
  }
}

/** Node's own makes views of the bytes that it reads from: they would keep all of them in memory, and change with them. */
class CopyingDeserializer extends DefaultDeserializer {
  constructor(
    bytes: Bytes,
    private readonly segments: SegmentReader | undefined,
  ) {
    super(bytes);
  }

  _readHostObject(): ArrayBufferView {
    const number = this.readUint32();
    if (number === segmentType && this.segments !== undefined) {
      return this.segments.read([viewTypeName(this.readUint32()), this.readDouble(), this.readDouble()]);
    }
    const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
    return binaryFromMemory(viewTypeName(number), bytes.buffer) as ArrayBufferView;
  }
}

function viewTypeName(number: number): string {
  return viewTypes[number] ?? `number ${number} of the V8 format`;
}
