import { type Awaitable, isPromiseLike } from '../../awaitable';
import { describeError, isInstance } from '../../base/describe-error';
import { StorageError, type StorageOperation } from '../storage-error';
import { type LeaseBoard, leaseKeyOf } from './lease-board';

/** The same board; all that it throws becomes a StorageError. */
export function guardedBoard(board: LeaseBoard, location: string): LeaseBoard {
  const fail = (operation: StorageOperation, key: string | undefined, cause: unknown): never => {
    if (isInstance(cause, StorageError)) throw cause;
    throw new StorageError(`cannot ${operation} ${key ?? 'leases'} in ${location}: ${describeError(cause)}`, {
      operation,
      key,
      cause,
    });
  };
  const guard = <T>(operation: StorageOperation, key: string | undefined, work: () => Awaitable<T>): Awaitable<T> => {
    try {
      const done = work();
      return isPromiseLike(done) ? done.then(undefined, (error) => fail(operation, key, error)) : done;
    } catch (error) {
      return fail(operation, key, error);
    }
  };
  return {
    ...(board.uri && { uri: () => board.uri!() }),
    take: (key, token, expiresAfter) => guard('write', leaseKeyOf(key), () => board.take(key, token, expiresAfter)),
    ...(board.renew && {
      renew: (key, token, expiresAfter) =>
        guard('write', leaseKeyOf(key), () => board.renew!(key, token, expiresAfter)),
    }),
    write: (key, token, bytes, durable) => guard('write', key, () => board.write(key, token, bytes, durable)),
    release: (key, token) => guard('delete', leaseKeyOf(key), () => board.release(key, token)),
    look: (keys) => guard('read', keys.length === 1 ? leaseKeyOf(keys[0]!) : undefined, () => board.look(keys)),
    ...(board.evict && {
      evict: (key, seen) => guard('delete', leaseKeyOf(key), () => board.evict!(key, seen)),
    }),
    ...(board.clear && { clear: () => guard('delete', undefined, () => board.clear!()) }),
  };
}
