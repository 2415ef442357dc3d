import { describeBehaviours, type SuiteOptions } from './describe-behaviours';
import { type StoreBehaviour, type StoreUnderTest, storeBehaviours } from './store-behaviours';

/**
 * Declares the tests that every store passes.
 *
 * @param open a store for one test
 * @example
 * describeStore('my store', async () => {
 *   const entries = new Map<string, Uint8Array>();
 *   return { store: new MyStore(entries), reopen: async () => new MyStore(entries), close: async () => {} };
 * });
 */
export function describeStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  options: SuiteOptions<StoreBehaviour> = {},
): void {
  const check = async (behaviour: StoreBehaviour) => {
    const opened = await open();
    try {
      await storeBehaviours[behaviour](opened.store, opened);
    } finally {
      await opened.close();
    }
  };
  describeBehaviours(`${name}, as any store,`, storeBehaviours, check, options);
}
