import { type Awaitable, isPromiseLike } from '../awaitable';
import { isInstance } from '../base/describe-error';
import { UnsupportedValueError } from '../encoding/unsupported-value-error';
import { toStored } from '../graph/stored-ref';
import type { SecretHolder } from '../graph/stored-secret';
import { holdsRef } from './holds-ref';

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
    return { encoded: encode(toStored(result, holder)), holdsRefs: true };
  }
  if (!isPromiseLike(encoded) || !holdsRef(result)) return { encoded, holdsRefs: false };
  encoded.then(undefined, () => {});
  return { encoded: encode(toStored(result, holder)), holdsRefs: true };
}
