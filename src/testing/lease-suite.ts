import { LeaseManager, type LeaseTestHooks } from '../storage/leases/lease-manager';
import type { LeaseRenewer, RenewedLease } from '../storage/leases/renewal';
import type { StoreAdapter } from '../storage/store';
import { StoreClient } from '../storage/store-client';
import { describeBehaviours, type SuiteOptions } from './describe-behaviours';
import { expiresAfter, type LeaseBehaviour, leaseBehaviours } from './lease-behaviours';

/** A store whose leases are under test, opened as often as processes would. */
export interface OpenedLeases {
  open(): StoreAdapter;
  close(): Promise<void>;
}

/** Renews nothing. */
class SilentRenewer implements LeaseRenewer {
  readonly #tokens: string[] = [];

  start({ token }: RenewedLease): number {
    return this.#tokens.push(token) - 1;
  }

  release(id: number): string | undefined {
    return this.#tokens[id];
  }
}

/**
 * Declares the tests that the leases of every store pass. They take a minute, since many wait for a lease to expire.
 *
 * @param begin a store for one test, without entries at first
 * @example
 * describeLeases('my store', async () => {
 *   const server = await startServer();
 *   return { open: () => new MyStore(server.address), close: () => server.stop() };
 * });
 */
export function describeLeases(
  name: string,
  begin: () => Promise<OpenedLeases>,
  options: SuiteOptions<LeaseBehaviour> = {},
): void {
  const check = async (behaviour: LeaseBehaviour) => {
    const opened = await begin();
    const closing: (() => Promise<unknown>)[] = [];
    /** Another process, as far as leases can tell; one that is silent has died, or sleeps. */
    const open = ({ isSilent = false } = {}) => {
      const store = opened.open();
      const surroundings: LeaseTestHooks = isSilent ? { renewer: new SilentRenewer() } : {};
      const leases = new LeaseManager(store.leases!, new StoreClient(store, name), { expiresAfter }, surroundings);
      closing.push(async () => {
        await leases.close();
        await store.disconnect?.();
      });
      return { store, leases };
    };
    try {
      await leaseBehaviours[behaviour](open);
    } finally {
      for (const close of closing.reverse()) await close();
      await opened.close();
    }
  };
  describeBehaviours(`${name}, as any store with leases,`, leaseBehaviours, check, options);
}
