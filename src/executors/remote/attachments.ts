import { shareClass } from '../../base/shared-state';
import type { Bytes, Serialized } from '../../encoding/encoder';
import { registerType } from '../../encoding/register-type';
import { cbor } from '../../encoding/serialization/serializers';
import { isPrimitive } from '../../task/data';
import type { SentValue } from './messages';

/** Stands in a structure for a result that is sent beside it. */
export class Placeholder {
  static {
    shareClass(Placeholder, 'StandIn');
  }

  constructor(readonly piece: number) {}
}
registerType(Placeholder, {
  name: 'tidemark.stand-in',
  encode: ({ piece }) => piece,
  decode: (piece) => new Placeholder(piece),
});

/** Bytes sent beside a message, which refers to them by number. */
export class Attachments {
  readonly bytes: Bytes[] = [];
  readonly #transfersMemory: boolean;

  /** @param givesAway whether the bytes' memory is gone once they are sent */
  constructor(givesAway = false) {
    this.#transfersMemory = givesAway;
  }

  /** @param isView whether the bytes are memory that others use */
  add(bytes: Bytes, isView = false): number {
    const isWhole = bytes.byteLength === bytes.buffer.byteLength;
    return this.bytes.push(this.#transfersMemory && (isView || !isWhole) ? new Uint8Array(bytes) : bytes) - 1;
  }

  /**
   * Encodes data other than results, such as params.
   *
   * @param root what to call the value in the path of a refusal
   * @throws {UnsupportedValueError} when it is not data
   */
  encode(value: unknown, root: string): SentValue {
    if (isPrimitive(value)) return { plain: value };
    const { format, bytes } = cbor.serialize(value, root) as Serialized;
    return { serializer: cbor.id, format, at: this.add(bytes) };
  }
}

/** The other end of `Outbox.data`. */
export function decodeData(sent: SentValue, bytes: readonly Bytes[]): unknown {
  return 'plain' in sent ? sent.plain : cbor.deserialize(bytes[sent.at]!, sent.format, true);
}
