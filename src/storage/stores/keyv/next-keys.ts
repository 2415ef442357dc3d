import { type KeyvAdapter, listKeys } from './adapter';

type Entries = AsyncIterable<unknown> | Iterable<unknown>;

const PAGE = 1000;

/** Some of the keys that an adapter holds. */
export interface KeyPage {
  readonly keys: readonly string[];
  readonly isLast: boolean;
}

/**
 * The next keys behind `last`: those that start with `prefix`, or all, as the adapter can.
 *
 * @param namespace what the adapter is to look for, where it can @throws an error when it cannot list
 */
export async function nextKeys(
  adapter: KeyvAdapter,
  last: string,
  prefix: string,
  namespace: string | undefined,
): Promise<KeyPage> {
  if (!adapter[listKeys]) return { keys: await allKeys(adapter, namespace), isLast: true };
  const keys = await adapter[listKeys](last, prefix, PAGE);
  return { keys, isLast: keys.length < PAGE };
}

/** All of them before any is used: adapters that count through what is there leave out some when others are deleted. */
async function allKeys(adapter: KeyvAdapter, namespace: string | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of await entriesOf(adapter, namespace)) {
    const key: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof key === 'string') keys.push(key);
  }
  return keys;
}

async function entriesOf(adapter: KeyvAdapter, namespace: string | undefined): Promise<Entries> {
  const given: unknown = adapter.iterator ? await adapter.iterator(namespace) : (adapter.entries?.() ?? adapter);
  if (isIterable(given)) return given;
  if (typeof (given as Iterator<unknown>).next === 'function')
    return { [Symbol.asyncIterator]: () => given as AsyncIterator<unknown> };
  throw Object.assign(new Error('no iterator()'), { code: 'NO_ITERATOR' });
}

function isIterable(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
