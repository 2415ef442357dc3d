import { type Awaitable, andThen } from '../awaitable';
import type { Bytes, Serialization } from '../encoding/encoder';
import { TaskDirectory } from '../task/directory';
import { digestOf } from './digest';
import { encodedToSave, type Places } from './directories/saved-form';

/** A result as bytes, before compression and encryption. */
export interface Encoding {
  /** The id of the serialization, and which of its formats it chose. */
  readonly serializer: string;
  readonly format: string;
  readonly bytes: Bytes;
  readonly digest: string;
  /** Whether the bytes are memory that others use, and may change or keep. */
  readonly isView: boolean;
  /** The same bytes compressed, where that was done already; null when it did not pay. */
  readonly compressed?: { readonly compressor: string; readonly bytes: Bytes } | null | undefined;
  /** The names of the task directories in it, when there are any. */
  readonly directories?: readonly string[] | undefined;
}

/** A result in the forms in which layers want it: nearly always one. The first one's digest identifies it. */
export interface EncodedResult {
  readonly digest: string;
  readonly bySerialization: readonly (readonly [Serialization, Encoding])[];
}

/** @throws {UnsupportedValueError} when the value would come back different */
export function encode(value: unknown, serializations: readonly Serialization[]): Awaitable<EncodedResult> {
  if (serializations.length === 1) {
    const [one] = serializations as [Serialization];
    return andThen(encodeWith(value, one), (encoding) => ({
      digest: encoding.digest,
      bySerialization: [[one, encoding]],
    }));
  }
  return encodeWithAll(value, serializations);
}

async function encodeWithAll(value: unknown, serializations: readonly Serialization[]): Promise<EncodedResult> {
  const encodings: [Serialization, Encoding][] = [];
  for (const one of serializations) encodings.push([one, await encodeWith(value, one)]);
  return { digest: encodings[0]![1].digest, bySerialization: encodings };
}

function encodeWith(value: unknown, serialization: Serialization): Awaitable<Encoding> {
  const directories: Places | undefined = TaskDirectory.isInUse ? new Map() : undefined;
  const serialized = directories
    ? encodedToSave(directories, () => serialization.serialize(value))
    : serialization.serialize(value);
  return andThen(serialized, ({ bytes, format, isView = false }) => ({
    serializer: serialization.id,
    format,
    bytes,
    digest: digestOf(bytes, format),
    isView,
    directories: directories && [...directories.keys()],
  }));
}
