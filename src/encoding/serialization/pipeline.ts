import { type Awaitable, andThen, rescue } from '../../base/awaitable';
import { isSameClass } from '../../base/built-in-classes';
import { describeError } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';
import type { Bytes, Serialization, Serialized } from '../encoder';
import { UnsupportedValueError } from '../errors';
import { type AdaptedPart, adaptPart, type Filter, type Serializer } from '../parts';
import { ShuffleFilter } from '../shuffle';
import { findDifference, type ValueDifference } from './compare';
import { builtInSerializer, bytes, cbor, json, v8 } from './serializers';
import { ThirdPartySerialization } from './third-party';
import { binaryFromMemory, binaryTypeOf, bytesOf } from './typed-arrays';
import { replaceObjects } from './typed-values';

/**
 * Combines filters and a serializer: null for none, undefined for the default.
 *
 * @throws {TidemarkError} for a part without the methods
 */
export function makeSerialization(
  filters: readonly Filter[],
  serializer: Serializer | Serialization | null | undefined,
): Serialization {
  if (!Array.isArray(filters))
    throw new TidemarkError('the option filters of an encoder must be a list; put the filter in [ ]');
  const adapted = filters.map((filter, i) => adaptPart(filter, 'filter', `filter ${i + 1} of the encoder`));
  const last = serializer === null ? bytes : serializer === undefined ? cbor : adaptSerializer(serializer);
  const isExact = builtInSerializer(last) !== undefined && filters.every((filter) => filter instanceof ShuffleFilter);
  return isExact && filters.length === 0
    ? last
    : new PipelineSerialization({ filters: adapted, serializer: last, isExact });
}

/** A built-in serializer, also in place of the serializer of Node that it improves, or an adapted one. */
function adaptSerializer(serializer: Serializer | Serialization): Serialization {
  const own = builtInSerializer(serializer);
  if (own) return own;
  if (typeof (serializer as Partial<Serialization> | null)?.canRead === 'function') return serializer as Serialization;
  const { serialize, stringify } = (serializer ?? {}) as { serialize?: unknown; stringify?: unknown };
  if (stringify === JSON.stringify) return json;
  if (serialize !== undefined && serialize === (require('node:v8') as typeof import('node:v8')).serialize) return v8;
  return new ThirdPartySerialization(adaptPart(serializer, 'serializer', 'the serializer'));
}

/** The parts of a serialization. */
interface PipelineParts {
  readonly filters: readonly AdaptedPart[];
  readonly serializer: Serialization;
  /** Whether all parts are built-in ones, which refuse values that they would change. Others are verified. */
  readonly isExact: boolean;
}

/** Filters in sequence, then a serializer. */
class PipelineSerialization implements Serialization {
  readonly id: string;
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.id = [...parts.filters, parts.serializer].map(({ id }) => id).join('+');
    this.#parts = parts;
  }

  serialize(value: unknown, root = 'result'): Awaitable<Serialized> {
    const { serializer, isExact } = this.#parts;
    const serialized = andThen(this.#applyFilters(value, root), (filtered) => serializer.serialize(filtered, root));
    return isExact ? serialized : andThen(serialized, (output) => this.#verify(value, output, root));
  }

  deserialize(bytes: Bytes, format: string, mayKeep?: boolean): Awaitable<unknown> {
    const { filters, serializer, isExact } = this.#parts;
    const value = filters.reduceRight<Awaitable<unknown>>(
      (filtered, filter) => andThen(filtered, (input) => filter.decode(input)),
      serializer.deserialize(bytes, format, mayKeep),
    );
    return isExact ? value : andThen(value, detachViews);
  }

  canRead(format: string): boolean {
    return this.#parts.serializer.canRead(format);
  }

  #applyFilters(value: unknown, root: string): Awaitable<unknown> {
    return this.#parts.filters.reduce<Awaitable<unknown>>(
      (filtered, filter) =>
        andThen(filtered, (input) =>
          rescue(
            () => filter.encode(input),
            (cause) => {
              throw new UnsupportedValueError(root, `cannot be encoded by ${filter.id} (${describeError(cause)})`, {
                cause,
              });
            },
          ),
        ),
      value,
    );
  }

  /** Decodes the output and compares: nothing else shows what third-party parts lose. */
  #verify(value: unknown, output: Serialized, root: string): Awaitable<Serialized> {
    const decoded = rescue(
      () => this.deserialize(output.bytes, output.format),
      (cause) => {
        throw new UnsupportedValueError(root, `cannot be decoded again by ${this.id} (${describeError(cause)})`, {
          cause,
        });
      },
    );
    return andThen(decoded, (after) => {
      const difference = this.#findDifference(value, after, root);
      if (difference === undefined) return output;
      throw new UnsupportedValueError(root + difference.path, `${difference.problem} when ${this.id} has encoded it`);
    });
  }

  #findDifference(before: unknown, after: unknown, root: string): ValueDifference | undefined {
    try {
      return findDifference(before, after);
    } catch (cause) {
      throw new UnsupportedValueError(root, `cannot be compared with its copy decoded by ${this.id}`, { cause });
    }
  }
}

/**
 * Copies the typed arrays in a value that keep more memory than they need: many decoders return views of their whole
 * input. Works in place: nothing else may use the value.
 */
function detachViews(value: unknown): unknown {
  return replaceObjects(value, (object) => {
    if (!ArrayBuffer.isView(object) || object.byteLength === object.buffer.byteLength) return object;
    const copy = binaryFromMemory(binaryTypeOf(object), new Uint8Array(bytesOf(object)).buffer);
    return isSameClass(Object.getPrototypeOf(copy), Object.getPrototypeOf(object)) ? copy : object;
  });
}
