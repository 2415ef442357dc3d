import { type Awaitable, andThen, isPromiseLike, rescue } from '../../base/awaitable';
import { isInstance } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { UnsupportedValueError } from '../../encoding/errors';
import { defaultEncoder } from '../../encoding/make-encoder';
import type { GraphNode } from '../../graph/node';
import type { TaskDefinition } from '../../task/definition';
import { CannotSendError } from '../errors';
import type { SentInput } from './messages';

/** A result, encoded to be sent to any number of tasks. */
export interface EncodedInput extends Omit<SentInput, 'at'> {
  readonly bytes: Bytes;
}

/** Position of an input: requirement and task, and the task that produced it. */
export interface InputPlace {
  readonly task: string;
  readonly path: string;
  /** Undefined for a part of a result. */
  readonly producer: TaskDefinition | undefined;
  /** The node that it is the whole result of. */
  readonly node?: GraphNode | undefined;
}

/** Where results that tasks require become pieces. */
export interface InputEncoder {
  /** @throws {CannotSendError} when the value is not data */
  encode(value: object, place: InputPlace): Awaitable<EncodedInput>;
}

/** Results that tasks require, each encoded once for as long as it is in memory. */
export class EncodedInputs implements InputEncoder {
  readonly #encoded = new WeakMap<object, Awaitable<EncodedInput>>();
  readonly #share: (bytes: Bytes) => Bytes;

  /** @param share puts bytes where workers can read them without a copy for each */
  constructor(share: (bytes: Bytes) => Bytes) {
    this.#share = share;
  }

  /** @throws {CannotSendError} when the value is not data */
  encode(value: object, place: InputPlace): Awaitable<EncodedInput> {
    const known = this.#encoded.get(value);
    if (known !== undefined) return known;
    const made = rescue(
      () => this.#encodeNow(value, place),
      (cause) => {
        this.#encoded.delete(value);
        throw isInstance(cause, UnsupportedValueError) ? new CannotSendError(place.task, cause, { cause }) : cause;
      },
    );
    this.#encoded.set(value, made);
    if (isPromiseLike(made)) made.then((piece) => this.#encoded.set(value, piece), ignore);
    return made;
  }

  #encodeNow(value: object, { path, producer }: InputPlace): Awaitable<EncodedInput> {
    const encoder = producer?.options.encoder;
    const { serialization } = encoder ?? defaultEncoder;
    return andThen(serialization.serialize(value, path), ({ format, bytes }) => ({
      serializer: serialization.id,
      format,
      bytes: this.#share(bytes),
      encodedBy: encoder && producer?.name,
      isFrozen: Object.isFrozen(value),
    }));
  }
}

function ignore(): void {}
