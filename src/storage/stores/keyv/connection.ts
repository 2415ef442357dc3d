import { type Awaitable, isPromiseLike } from '../../../awaitable';
import type { StorageOperation } from '../../storage-error';
import type { KeyvAdapter } from './adapter';
import { keyvError } from './keyv-error';

/** How long an adapter that has told of an error, and has not answered yet, may take to do so. In milliseconds. */
const PATIENCE = 5000;

/** An adapter, and how it has fared. */
interface Session {
  readonly adapter: KeyvAdapter;
  readonly underWay: Set<Operation>;
  hasAnswered: boolean;
  errors: number;
  lastError: unknown;
}

interface Operation {
  readonly settled: Promise<unknown>;
  readonly fail: (error: unknown) => void;
}

/**
 * An adapter, opened when it is first used, whose `error` events become rejections.
 *
 * Some adapters tell of an error by an event only, and then resolve as if nothing had been there, or not at all. So an
 * error before the first answer fails all that is under way, and a later one fails what comes back empty-handed.
 */
export class Connection {
  readonly location: string;
  readonly #make: (() => KeyvAdapter) | undefined;
  #session: Session | undefined;

  /** @param source an adapter, or what makes one: then another is made when one could not connect, or was closed */
  constructor(source: KeyvAdapter | (() => KeyvAdapter), location: string) {
    this.location = location;
    if (typeof source === 'function') this.#make = source;
    else this.#session = this.#start(source);
  }

  /**
   * What the adapter gives, or a StorageError.
   *
   * @param isEmpty whether a result may also be that of an error that was not thrown
   */
  use<T>(
    operation: StorageOperation,
    key: string | undefined,
    call: (adapter: KeyvAdapter) => Awaitable<T>,
    isEmpty: (result: T) => boolean,
  ): Awaitable<T> {
    const fail = (error: unknown): never => {
      throw keyvError(error, operation, this.location, key);
    };
    try {
      const result = this.#call(call, isEmpty);
      return isPromiseLike(result) ? result.then(undefined, fail) : result;
    } catch (error) {
      return fail(error);
    }
  }

  /** Resolves when all that is under way has been done, or has failed, and the adapter is disconnected. */
  async close(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    if (this.#make) this.#session = undefined;
    await Promise.allSettled([...session.underWay].map(({ settled }) => settled));
    // One that could not connect may wait until it can.
    if (!session.hasAnswered && session.errors > 0) return disconnectQuietly(session.adapter);
    try {
      await session.adapter.disconnect?.();
    } catch (error) {
      throw keyvError(error, 'close', this.location);
    }
  }

  #call<T>(call: (adapter: KeyvAdapter) => Awaitable<T>, isEmpty: (result: T) => boolean): Awaitable<T> {
    this.#session ??= this.#start(this.#make!());
    const session = this.#session;
    const before = session.errors;
    const check = (result: T): T => {
      if (session.errors > before && isEmpty(result)) throw session.lastError;
      session.hasAnswered = true;
      return result;
    };
    const result = call(session.adapter);
    if (!isPromiseLike(result)) return check(result);
    return follow(result, session).then(check, (error) => {
      if (!session.hasAnswered) this.#giveUp(session);
      throw error;
    });
  }

  #start(adapter: KeyvAdapter): Session {
    const session: Session = { adapter, underWay: new Set(), hasAnswered: false, errors: 0, lastError: undefined };
    adapter.on?.('error', (error) => {
      session.errors++;
      session.lastError = error;
      if (session.hasAnswered) return;
      for (const { fail } of session.underWay) fail(error);
      this.#giveUp(session);
    });
    return session;
  }

  /** Some adapters try to connect once only. */
  #giveUp(session: Session): void {
    if (!this.#make || this.#session !== session) return;
    this.#session = undefined;
    disconnectQuietly(session.adapter);
  }
}

function follow<T>(work: PromiseLike<T>, { underWay, errors, hasAnswered, lastError }: Session): Promise<T> {
  let fail!: (error: unknown) => void;
  let timer: NodeJS.Timeout | undefined;
  const settled = new Promise<T>((resolve, reject) => {
    fail = reject;
    work.then(resolve, reject);
    if (errors > 0 && !hasAnswered) timer = setTimeout(reject, PATIENCE, lastError);
  }).finally(() => {
    clearTimeout(timer);
    underWay.delete(operation);
  });
  const operation: Operation = { settled, fail };
  underWay.add(operation);
  return settled;
}

function disconnectQuietly(adapter: KeyvAdapter): void {
  // It has failed already; that it cannot be closed either says nothing new.
  (async () => adapter.disconnect?.())().catch(() => undefined);
}
