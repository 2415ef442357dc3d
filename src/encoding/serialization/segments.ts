import type { Bytes } from '../encoder';
import { binaryFromBytes, binaryTypeOf, encodeRaw } from './typed-arrays';

/** Size from which typed arrays are stored apart, so that they do not pass through the pools of encoders. */
const segmentBytes = 64 * 1024;
const alignment = 8;
/** Start of the rest of the value, after its length. */
const headStart = 8;

/** The place of a typed array: its type, its position among the segments, its length in bytes. */
export type SegmentPlace = readonly [type: string, position: number, byteLength: number];

export function isSegment(object: object): object is ArrayBufferView {
  return ArrayBuffer.isView(object) && object.byteLength >= segmentBytes;
}

/** Collects the large typed arrays of a value that is being encoded. */
export class SegmentWriter {
  readonly #segments: Bytes[] = [];
  #length = 0;

  add(view: ArrayBufferView): SegmentPlace {
    const { bytes } = encodeRaw(view);
    const position = this.#length;
    this.#segments.push(bytes);
    this.#length += align(bytes.byteLength);
    return [binaryTypeOf(view), position, bytes.byteLength];
  }

  /** Joins the length of the head, the head, and the segments, each at a multiple of eight. */
  join(head: Bytes): Bytes {
    const start = align(headStart + head.byteLength);
    const joined = new Uint8Array(start + this.#length);
    new DataView(joined.buffer).setUint32(0, head.byteLength, true);
    joined.set(head, headStart);
    let position = start;
    for (const segment of this.#segments) {
      joined.set(segment, position);
      position += align(segment.byteLength);
    }
    return joined;
  }
}

/** Reads what a `SegmentWriter` joined. */
export class SegmentReader {
  readonly head: Bytes;
  readonly #segments: Bytes;

  constructor(bytes: Bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
    const start = align(headStart + length);
    if (start > bytes.byteLength) throw new Error('The bytes end before their typed arrays begin.');
    this.head = bytes.subarray(headStart, headStart + length);
    this.#segments = bytes.subarray(start);
  }

  /** Gives a typed array with memory of its own. */
  read([type, position, byteLength]: SegmentPlace): ArrayBufferView {
    if (!(position >= 0 && byteLength >= 0 && position + byteLength <= this.#segments.byteLength))
      throw new Error('The place of a typed array is outside of the bytes.');
    return binaryFromBytes(type, this.#segments.subarray(position, position + byteLength)) as ArrayBufferView;
  }
}

function align(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}
