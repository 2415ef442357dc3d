import { types } from 'node:util';
import { type Awaitable, andThen, rescue } from '../../base/awaitable';
import { describeError, isInstance } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';
import type { Bytes, Serialization, Serialized } from '../encoder';
import { UnsupportedValueError } from '../errors';
import { type AdaptedPart, toBytes } from '../parts';
import { mapValueStep, propertyStep } from '../properties';

/** A part of a value that a serializer throws for, and the step that leads to it. */
interface FailingPart {
  readonly step: string;
  readonly part: unknown;
  readonly cause: unknown;
}

/** A serializer that was not made for Tidemark. It may give text or bytes, now or later. */
export class ThirdPartySerialization implements Serialization {
  readonly id: string;
  readonly #serializer: AdaptedPart;

  constructor(part: AdaptedPart) {
    this.id = part.id;
    this.#serializer = part;
  }

  serialize(value: unknown, root = 'result'): Awaitable<Serialized> {
    return rescue(
      () => andThen(this.#serializer.encode(value), (output) => this.#serialized(output)),
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
    let culprit = isOurs ? undefined : await this.#findFailingPart(value);
    while (culprit !== undefined && !seen.has(culprit.part)) {
      seen.add(culprit.part);
      path += culprit.step;
      reason = culprit.cause;
      culprit = await this.#findFailingPart(culprit.part);
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

/** What is directly in a value, each with the step that leads there. */
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
