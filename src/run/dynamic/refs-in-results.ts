import { types } from 'node:util';
import { type Awaitable, isPromiseLike } from '../../base/awaitable';
import { isInstance } from '../../base/describe-error';
import { UnsupportedValueError } from '../../encoding/errors';
import { type SecretHolder, storeRefs } from '../../graph/stored-ref';
import { isPlainObject } from '../../task/data';
import { isTaskRef } from '../../task/ref';

/** Whether there is a task ref in a result: in arrays, plain objects, Maps and Sets, however deep. */
export function holdsRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const seen = new Set<object>();
  const stack: object[] = [value];
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (isTaskRef(at)) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const part of partsOf(at)) if (typeof part === 'object' && part !== null) stack.push(part);
  }
  return false;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  if (types.isMap(value) || types.isSet(value)) return value.values();
  return isPlainObject(value) ? Object.values(value) : [];
}

/**
 * Encodes a result, which may hold refs. Looks for these only when the encoder has met one, or takes its time.
 *
 * @throws {UnstorableSecretError} when a ref contains a secret that the task was not given
 */
export function encodeWithRefs<T>(
  result: unknown,
  holder: SecretHolder,
  encode: (value: unknown) => Awaitable<T>,
): { readonly encoded: Awaitable<T>; readonly holdsRefs: boolean } {
  let encoded: Awaitable<T>;
  try {
    encoded = encode(result);
  } catch (error) {
    if (!(isInstance(error, UnsupportedValueError) && holdsRef(result))) throw error;
    return { encoded: encode(storeRefs(result, holder)), holdsRefs: true };
  }
  if (!isPromiseLike(encoded) || !holdsRef(result)) return { encoded, holdsRefs: false };
  encoded.then(undefined, () => {});
  return { encoded: encode(storeRefs(result, holder)), holdsRefs: true };
}
