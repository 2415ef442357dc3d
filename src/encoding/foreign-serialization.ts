import { type Awaitable, andThen } from '../awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../error';
import { toBytes } from './adapt-bytes';
import type { Adapted } from './adapt-part';
import type { Bytes, Serialization, Serialized } from './encoder';
import { partsOf } from './parts-of';
import { rescue } from './rescue';
import { UnsupportedValueError } from './unsupported-value-error';

/** A part of a value that a serializer throws for, and the step that leads to it. */
interface Culprit {
  readonly step: string;
  readonly part: unknown;
  readonly cause: unknown;
}

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
    let path = root;
    let reason = cause;
    const seen = new Set<unknown>([value]);
    // When it threw nothing, but gave what is of no use, that says nothing about the parts.
    const isOurs = isInstance(cause, TidemarkError);
    let culprit = isOurs ? undefined : await this.#culpritIn(value);
    while (culprit !== undefined && !seen.has(culprit.part)) {
      seen.add(culprit.part);
      path += culprit.step;
      reason = culprit.cause;
      culprit = await this.#culpritIn(culprit.part);
    }
    throw new UnsupportedValueError(path, `cannot be encoded by ${this.id} (${describeError(reason)})`, {
      cause: reason,
    });
  }

  async #culpritIn(value: unknown): Promise<Culprit | undefined> {
    for (const [step, part] of partsOf(value)) {
      try {
        await this.#part.there(part);
      } catch (cause) {
        return { step, part, cause };
      }
    }
    return undefined;
  }
}
