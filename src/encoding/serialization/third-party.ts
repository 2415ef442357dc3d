import { types } from 'node:util';
import { type Awaitable, andThen, rescue } from '../../base/awaitable';
import { describeError, isInstance } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';
import type { Bytes, Serialization, Serialized } from '../encoder';
import { UnsupportedValueError } from '../errors';
import { type AdaptedPart, toBytes } from '../parts';
import { mapValueStep, propertyStep } from '../properties';

/** A part of a value for which a serializer throws, and the step to it. */
interface FailingPart {
  readonly step: string;
  readonly part: unknown;
  readonly cause: unknown;
}

/** A serializer that was not made for Tidemark. It may return text or bytes, or a promise of them. */
export class ThirdPartySerialization implements Serialization {
  readonly id: string;
  readonly #serializer: AdaptedPart;

  constructor(part: AdaptedPart) {
    this.id = part.id;
    this.#serializer = part;
  }

  serialize(value: unknown, root = 'result'): Awaitable<Serialized> {
    return rescue(
      () => andThen(this.#serializer.encode(value), (output) => this.#toSerialized(output)),
      (cause) => this.#refuse(value, root, cause),
    );
  }

  deserialize(bytes: Bytes, format: string, mayKeep = false): unknown {
    if (format === 'text')
      return this.#serializer.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    return this.#serializer.decode(
      mayKeep ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes),
    );
  }

  canRead(format: string): boolean {
    return format === 'text' || format === 'bytes';
  }

  #toSerialized(output: unknown): Serialized {
    if (typeof output === 'string') return { format: 'text', bytes: Buffer.from(output) };
    // Serializers return parts of pools, which they overwrite later.
    return { format: 'bytes', bytes: new Uint8Array(toBytes(output, `the serializer ${this.id}`)) };
  }

  /** Throws for the innermost part of a value for which the serializer throws. */
  async #refuse(value: unknown, root: string, cause: unknown): Promise<never> {
    let path = root;
    let reason = cause;
    const seen = new Set<unknown>([value]);
    // An output of a wrong type says nothing about the parts.
    const isWrongOutput = isInstance(cause, TidemarkError);
    let failing = isWrongOutput ? undefined : await this.#findFailingPart(value);
    while (failing !== undefined && !seen.has(failing.part)) {
      seen.add(failing.part);
      path += failing.step;
      reason = failing.cause;
      failing = await this.#findFailingPart(failing.part);
    }
    throw new UnsupportedValueError(path, `cannot be encoded by ${this.id} (${describeError(reason)})`, {
      cause: reason,
    });
  }

  async #findFailingPart(value: unknown): Promise<FailingPart | undefined> {
    for (const [step, part] of childrenOf(value)) {
      try {
        await this.#serializer.encode(part);
      } catch (cause) {
        return { step, part, cause };
      }
    }
    return undefined;
  }
}

/** The direct parts of a value, each with the step to it. */
function* childrenOf(value: unknown): Iterable<readonly [step: string, part: unknown]> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  let position = 0;
  if (types.isMap(value)) {
    for (const [key, item] of value) {
      yield [`.keys()[${position}]`, key];
      yield [mapValueStep(key, position), item];
      position += 1;
    }
  } else if (types.isSet(value)) {
    for (const item of value) yield [`.values()[${position++}]`, item];
  } else {
    for (const key of Object.keys(value)) {
      yield [propertyStep(Array.isArray(value) ? Number(key) : key), (value as Record<string, unknown>)[key]];
    }
  }
}
