import { StorageError } from '../../storage-error';
import { KeyvStore } from '../keyv';
import { checkInstalled } from './load-package';
import { schemes } from './schemes';

/**
 * The store that a URI names, such as `postgres://user@host/database`, by a Keyv adapter for it. Nothing connects
 * before it is used.
 *
 * @param known other URIs that could have been given, for the message
 * @param isReadonly whether no table is to be made, where that can be told
 * @throws {StorageError} when the URI is of no known kind, or the adapter is not installed
 * @example
 * const { store } = openKeyvUri('postgres://postgres@127.0.0.1/test');
 * await store.set('Choose/0f3a', Uint8Array.of(1, 2, 3));
 */
export function openKeyvUri(
  uri: string,
  known: readonly string[] = [],
  isReadonly = false,
): { readonly store: KeyvStore; readonly location: string } {
  const name = /^[a-z][a-z0-9+.-]*(?=:)/.exec(uri)?.[0] ?? '';
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  const location = withoutSecrets(uri);
  if (!scheme) {
    const all = [...known, ...Object.keys(schemes).map((each) => `${each}:`)].map((each) => `'${each}'`);
    throw new StorageError(
      `'${location}' is no storage; the known ones are ${all.slice(0, -1).join(', ')} and ${all.at(-1)}`,
      {
        operation: 'open',
      },
    );
  }
  checkInstalled(scheme.package, scheme.name);
  const { prefix = '', readsMany = false, writesMany = false, appends = false } = scheme;
  const store = new KeyvStore(() => scheme.open(uri, isReadonly), {
    location,
    prefix,
    readsMany,
    writesMany,
    appends,
    isOwn: true,
  });
  return { store, location };
}

/** Without user, password and options. */
function withoutSecrets(uri: string): string {
  return uri.replace(/\/\/.*@/s, '//').replace(/[?#].*$/s, '');
}
