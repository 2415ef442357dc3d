import { lookAt } from './look-at';
import {
  FINE,
  FLOATS,
  NOT_CBOR,
  NOT_V8,
  refusalBy,
  SEGMENTS,
  STOP,
  TYPED,
  type TypedValues,
  Walk,
  walkFrom,
} from './walk';

/** Which encoding carries a value exactly; `cbor-floats` is cbor with every number written as a float. */
export type Carrier = 'cbor' | 'cbor-floats' | 'v8';

/** What is to be known before a value is encoded. */
export interface Findings {
  readonly carrier: Carrier;
  /** Whether it holds typed arrays so large that they are kept apart from the rest. */
  readonly hasSegments: boolean;
  /** The instances of registered classes in it, if there are any. */
  readonly typed: TypedValues | undefined;
}

/**
 * Finds the encoding that brings a value back exactly as it is.
 *
 * @param root - What to call the value in the path of a refusal.
 * @param without - `NOT_CBOR` when cbor is not to be used.
 * @throws {UnsupportedValueError} when there is none.
 */
export function carrierOf(value: unknown, root: string, without: number = FINE): Findings {
  const typed: TypedValues = new Map();
  let walk = new Walk(lookAt, true, typed);
  let flags = walkFrom(value, walk, root) | without;
  if (flags >= STOP && walk.undecided) {
    walk = new Walk(lookAt, false, typed);
    flags = walkFrom(value, walk, root) | without;
  }
  if ((flags & NOT_CBOR) !== 0 && (flags & NOT_V8) !== 0) {
    // Each part can be carried, but not by the same encoding: walk again to find the first part that V8 cannot.
    walk = new Walk(lookAt, false, typed, NOT_CBOR);
    flags = walkFrom(value, walk, root) | NOT_CBOR;
  }
  if (flags >= STOP) throw refusalBy(walk, root);
  return {
    carrier: (flags & NOT_CBOR) !== 0 ? 'v8' : (flags & FLOATS) !== 0 ? 'cbor-floats' : 'cbor',
    hasSegments: (flags & SEGMENTS) !== 0,
    typed: (flags & TYPED) !== 0 ? typed : undefined,
  };
}
