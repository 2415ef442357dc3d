import type { Bytes, Serialized } from '../../encoding/encoder';
import { cbor } from '../../encoding/serializers';
import { isPrimitive } from '../../task/data';
import type { SentValue } from './messages';

/** What travels beside a message: bytes, to which the message refers by number. */
export class Outbox {
  readonly bytes: Bytes[] = [];
  readonly #givesAway: boolean;

  /** @param givesAway whether the bytes' memory is gone once they are sent */
  constructor(givesAway = false) {
    this.#givesAway = givesAway;
  }

  /** @param isView whether the bytes are memory that others use */
  put(bytes: Bytes, isView = false): number {
    const isWhole = bytes.byteLength === bytes.buffer.byteLength;
    return this.bytes.push(this.#givesAway && (isView || !isWhole) ? new Uint8Array(bytes) : bytes) - 1;
  }

  /**
   * Data that is no result: params and the like.
   *
   * @param root what to call the value in the path of a refusal
   * @throws {UnsupportedValueError} when it is not data
   */
  data(value: unknown, root: string): SentValue {
    if (isPrimitive(value)) return { plain: value };
    const { format, bytes } = cbor.serialize(value, root) as Serialized;
    return { serializer: cbor.id, format, at: this.put(bytes) };
  }
}

/** The other end of `Outbox.data`. */
export function readData(sent: SentValue, bytes: readonly Bytes[]): unknown {
  return 'plain' in sent ? sent.plain : cbor.deserialize(bytes[sent.at]!, sent.format, true);
}
