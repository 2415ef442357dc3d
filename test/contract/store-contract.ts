import type { StoreAdapter } from '../../src/storage/store';
import { type Behaviour, behaviours } from './store-behaviours';

/** A store under test, empty at first. */
export interface OpenedStore {
  readonly store: StoreAdapter;
  /** Closes it and opens it again, as another process would that comes later. */
  reopen(): Promise<StoreAdapter>;
  close(): Promise<void>;
}

export interface ContractOptions {
  /** What a store does not do, and why that is right. */
  readonly skip?: { readonly [behaviour in Behaviour]?: string };
}

/** What every store does, whatever it keeps its bytes in. */
export function describeStore(name: string, open: () => Promise<OpenedStore>, options: ContractOptions = {}): void {
  describe(`${name}, as any store,`, () => {
    let opened: OpenedStore;
    beforeEach(async () => void (opened = await open()));
    afterEach(() => opened.close());

    for (const [behaviour, check] of Object.entries(behaviours)) {
      const reason = options.skip?.[behaviour as Behaviour];
      if (reason === undefined) it(behaviour, () => check(opened.store, opened));
      else it.skip(`${behaviour}: not here, since ${reason}`, () => undefined);
    }
  });
}
