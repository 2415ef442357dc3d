import '../support/lease-thread';
import { LeaseManager, type LeaseTestHooks } from '../../src/storage/leases/lease-manager';
import type { LeaseRenewer, RenewedLease } from '../../src/storage/leases/renewal';
import type { StoreAdapter } from '../../src/storage/store';
import { StoreClient } from '../../src/storage/store-client';
import { behaviours, type ContractOptions, expiresAfter, type LeaseBehaviour } from './lease-behaviours';

/** A store whose leases are under test, opened as often as processes would. */
export interface OpenedForLeases {
  open(): StoreAdapter;
  close(): Promise<void>;
}

/** Renews nothing. */
class LazyKeeper implements LeaseRenewer {
  readonly #tokens: string[] = [];

  start({ token }: RenewedLease): number {
    return this.#tokens.push(token) - 1;
  }

  release(id: number): string | undefined {
    return this.#tokens[id];
  }
}

/** What the leases of every store do, whatever they are kept in. */
export function describeLeases(
  name: string,
  begin: () => Promise<OpenedForLeases>,
  { skip = {} }: ContractOptions = {},
): void {
  describe(`${name}, as any store with leases,`, () => {
    let opened: OpenedForLeases;
    const closing: (() => Promise<unknown>)[] = [];
    beforeEach(async () => void (opened = await begin()));
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
      await opened.close();
    });

    /** Another process, as far as leases can tell; one that is silent has died, or sleeps. */
    const open = ({ isSilent = false } = {}) => {
      const store = opened.open();
      const surroundings: LeaseTestHooks = isSilent ? { renewer: new LazyKeeper() } : {};
      const leases = new LeaseManager(store.leases!, new StoreClient(store, name), { expiresAfter }, surroundings);
      closing.push(async () => {
        await leases.close();
        await store.disconnect?.();
      });
      return { store, leases };
    };

    for (const [behaviour, check] of Object.entries(behaviours)) {
      const reason = skip[behaviour as LeaseBehaviour];
      if (reason === undefined) it(behaviour, () => check(open));
      else it.skip(`${behaviour}: not here, since ${reason}`, () => undefined);
    }
  });
}
