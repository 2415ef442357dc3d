import { type Awaitable, andThen, isPromiseLike } from '../../awaitable';
import { isInstance } from '../../base/describe-error';
import { defaultEncoder } from '../../encoding/default-encoder';
import type { Bytes } from '../../encoding/encoder';
import { rescue } from '../../encoding/rescue';
import { UnsupportedValueError } from '../../encoding/unsupported-value-error';
import type { GraphNode } from '../../graph/node';
import type { TaskDefinition } from '../../task/definition';
import { CannotSendError } from './cannot-send-error';
import type { SentPiece } from './messages';

/** A result, encoded to be sent to any number of tasks. */
export interface Piece extends Omit<SentPiece, 'at'> {
  readonly bytes: Bytes;
}

/** Where a piece stands: in which requirement of which task, and which task it is the result of. */
export interface PiecePlace {
  readonly task: string;
  readonly path: string;
  /** Undefined for a part of a result. */
  readonly producer: TaskDefinition | undefined;
  /** The node that it is the whole result of. */
  readonly node?: GraphNode | undefined;
}

/** Where results that tasks require become pieces. */
export interface PieceMaker {
  /** @throws {CannotSendError} when the value is not data */
  of(value: object, place: PiecePlace): Awaitable<Piece>;
}

/** Results that tasks require, each encoded once for as long as it is in memory. */
export class Pieces implements PieceMaker {
  readonly #pieces = new WeakMap<object, Awaitable<Piece>>();
  readonly #share: (bytes: Bytes) => Bytes;

  /** @param share puts bytes where workers can read them without a copy for each */
  constructor(share: (bytes: Bytes) => Bytes) {
    this.#share = share;
  }

  /** @throws {CannotSendError} when the value is not data */
  of(value: object, place: PiecePlace): Awaitable<Piece> {
    const known = this.#pieces.get(value);
    if (known !== undefined) return known;
    const made = rescue(
      () => this.#encode(value, place),
      (cause) => {
        this.#pieces.delete(value);
        throw isInstance(cause, UnsupportedValueError) ? new CannotSendError(place.task, cause, { cause }) : cause;
      },
    );
    this.#pieces.set(value, made);
    if (isPromiseLike(made)) made.then((piece) => this.#pieces.set(value, piece), ignore);
    return made;
  }

  #encode(value: object, { path, producer }: PiecePlace): Awaitable<Piece> {
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
