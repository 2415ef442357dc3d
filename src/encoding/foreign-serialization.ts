import { type Awaitable, andThen } from '../awaitable';
import { TidemarkError } from '../error';
import { toBytes } from './adapt-bytes';
import type { Adapted } from './adapt-part';
import type { Bytes, Serialization, Serialized } from './encoder';
import { partsOf } from './parts-of';
import { messageOf, rescue } from './rescue';
import { UnsupportedValueError } from './unsupported-value-error';

/** A serializer that was not made for Tidemark. It may give text or bytes, now or later. */
export class ForeignSerialization implements Serialization {
  readonly id: string;
  readonly #part: Adapted;

  constructor(part: Adapted) {
    this.id = part.id;
    this.#part = part;
  }

  serialize(value: unknown, root = 'result'): Awaitable<Serialized> {
    return rescue(
      () => andThen(this.#part.there(value), (output) => this.#serialized(output)),
      (cause) => this.#refuse(value, root, cause),
    );
  }

  deserialize(bytes: Bytes, format: string, mayKeep = false): unknown {
    if (format === 'text')
      return this.#part.back(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    return this.#part.back(
      mayKeep ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes),
    );
  }

  canRead(format: string): boolean {
    return format === 'text' || format === 'bytes';
  }

  #serialized(output: unknown): Serialized {
    if (typeof output === 'string') return { format: 'text', bytes: Buffer.from(output) };
    // Serializers give out parts of pools, which they write into again.
    return { format: 'bytes', bytes: new Uint8Array(toBytes(output, `the serializer ${this.id}`)) };
  }

  /** Finds the innermost part of a value that the serializer throws for. */
  async #refuse(value: unknown, root: string, cause: unknown): Promise<never> {
    const seen = new Set<unknown>();
    let path = root;
    let culprit: { readonly part: unknown; readonly cause: unknown } | undefined = { part: value, cause };
    let reason = cause;
    // What it gave for the whole is ours to refuse; a part alone may be fine.
    if (cause instanceof TidemarkError) culprit = undefined;
    while (culprit !== undefined && !seen.has(culprit.part)) {
      seen.add(culprit.part);
      reason = culprit.cause;
      const within: unknown = culprit.part;
      culprit = undefined;
      for (const [step, part] of partsOf(within)) {
        const failure = await this.#failureOf(part);
        if (failure === undefined) continue;
        culprit = { part, cause: failure.cause };
        path += step;
        break;
      }
    }
    throw new UnsupportedValueError(path, `cannot be encoded by ${this.id} (${messageOf(reason)})`, { cause: reason });
  }

  async #failureOf(part: unknown): Promise<{ readonly cause: unknown } | undefined> {
    try {
      await this.#part.there(part);
      return undefined;
    } catch (cause) {
      return { cause };
    }
  }
}
