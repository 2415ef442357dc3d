import { showValue } from '../../../task/show';
import { StorageError } from '../../storage-error';

/** Names under which a Keyv or an adapter has a time after which entries expire. */
const times = ['ttl', 'expires'];

/**
 * Refuses a Keyv or an adapter that would not do what it was made for: results have no time to live, and values do not
 * go through a Keyv but into its store.
 *
 * @param name what to call it
 * @throws {StorageError}
 */
export function checkKeyvOptions(source: object, name: string): void {
  const places = [source, (source as { opts?: object }).opts ?? {}] as Readonly<Record<string, unknown>>[];
  for (const time of times) {
    const value = places.map((place) => place[time]).find(isTime);
    if (value !== undefined)
      refuse(
        `${name} has ${time}: ${showValue(value)}, but results must not expire one by one, since a clear mark could go before the results that it is on. Leave ${time} out, and give results that count for a time a param or a fingerprint() that says so, such as the day`,
      );
  }
  if (places.some(({ compression }) => compression !== undefined))
    refuse(
      `${name} has compression, which would not be used: its store is used directly. Leave it out, and give the storage an encoder: Storage.open(store, { encoder: encoder({ compressor: gzip() }) })`,
    );
}

function isTime(value: unknown): boolean {
  return (typeof value === 'number' && value > 0) || (typeof value === 'string' && value !== '');
}

function refuse(problem: string): never {
  throw new StorageError(problem, { operation: 'open' });
}
