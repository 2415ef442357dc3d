import { type Awaitable, andThen } from '../awaitable';
import { describeError } from '../base/describe-error';
import type { Adapted } from './adapt-part';
import { type Difference, differenceBetween } from './difference';
import type { Bytes, Serialization, Serialized } from './encoder';
import { ownViews } from './own-views';
import { rescue } from './rescue';
import { UnsupportedValueError } from './unsupported-value-error';

/** What a serialization is made of. */
export interface SerializationParts {
  readonly filters: readonly Adapted[];
  readonly serializer: Serialization;
  /** Whether all of them are ours, which refuse what would come back different; what others do is checked. */
  readonly isExact: boolean;
}

/** Filters, one after the other, and a serializer. */
export class PartedSerialization implements Serialization {
  readonly id: string;
  readonly #parts: SerializationParts;

  constructor(parts: SerializationParts) {
    this.id = [...parts.filters, parts.serializer].map(({ id }) => id).join('+');
    this.#parts = parts;
  }

  serialize(value: unknown, root = 'result'): Awaitable<Serialized> {
    const { serializer, isExact } = this.#parts;
    const serialized = andThen(this.#filter(value, root), (filtered) => serializer.serialize(filtered, root));
    return isExact ? serialized : andThen(serialized, (output) => this.#verify(value, output, root));
  }

  deserialize(bytes: Bytes, format: string, mayKeep?: boolean): Awaitable<unknown> {
    const { filters, serializer, isExact } = this.#parts;
    const value = filters.reduceRight<Awaitable<unknown>>(
      (filtered, filter) => andThen(filtered, (input) => filter.back(input)),
      serializer.deserialize(bytes, format, mayKeep),
    );
    return isExact ? value : andThen(value, ownViews);
  }

  canRead(format: string): boolean {
    return this.#parts.serializer.canRead(format);
  }

  #filter(value: unknown, root: string): Awaitable<unknown> {
    return this.#parts.filters.reduce<Awaitable<unknown>>(
      (filtered, filter) =>
        andThen(filtered, (input) =>
          rescue(
            () => filter.there(input),
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

  /** Decodes what was encoded, and compares: nothing else shows what parts of others lose. */
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
      const different = this.#difference(value, after, root);
      if (different === undefined) return output;
      throw new UnsupportedValueError(root + different.path, `${different.problem} when ${this.id} has encoded it`);
    });
  }

  #difference(before: unknown, after: unknown, root: string): Difference | undefined {
    try {
      return differenceBetween(before, after);
    } catch (cause) {
      throw new UnsupportedValueError(root, `cannot be compared with what ${this.id} made of it`, { cause });
    }
  }
}
