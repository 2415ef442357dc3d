import { isInstance } from '../base/describe-error';
import type { RegisteredType } from './register-type';
import { UnsupportedValueError } from './unsupported-value-error';
import { NOT_CBOR, NOT_V8, STOP, TYPED, type Walk } from './walk';

/** What an instance of a registered class asks for: what it is encoded as, which is asked for once. */
export function lookAtRegistered(object: object, type: RegisteredType, walk: Walk, depth: number): number {
  let known = walk.typed.get(object);
  if (known === undefined) {
    try {
      known = { type, data: type.encode(object) as unknown };
    } catch (cause) {
      // Types of our own say themselves what is wrong with an instance.
      if (isInstance(cause, UnsupportedValueError)) return walk.refuse(cause.problem, cause.cause);
      return walk.refuse(`cannot be encoded: encode of the type ${JSON.stringify(type.name)} threw`, cause);
    }
    walk.typed.set(object, known);
  }
  walk.enter(object, NOT_CBOR | NOT_V8, type.Class.name);
  const found = walk.look(known.data, depth);
  walk.exit(object);
  return found >= STOP ? STOP : found | TYPED;
}
