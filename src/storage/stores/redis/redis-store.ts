import { setTimeout as wait } from 'node:timers/promises';
import { describeError, isInstance } from '../../../base/describe-error';
import {
  isBroken,
  isLoading,
  isReplica,
  isUnavailable,
  redisAdvice,
  repeatsArguments,
} from '../../../redis/redis-error';
import { StorageError, type StorageOperation, storageErrorWithAdvice } from '../../errors';
import type { LeaseBackend } from '../../leases/lease';
import type { StoreAdapter } from '../../store';
import { RedisConnection, scanKeys } from './redis-connection';
import type { SendCommand } from './redis-leases';
import { parseRedisUri, type RedisAddress } from './redis-uri';

interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

type Command = readonly (string | Buffer)[];

/** Redis refuses commands of a gigabyte, and a long command blocks other clients. */
const LARGEST_WRITE = 2 ** 24;
/**
 * The time after which an operation fails when connections break repeatedly, or Redis loads its data or is not a
 * primary, in milliseconds.
 */
const USUAL_PATIENCE = 4000;
/** The pause before Redis is asked again, in milliseconds. */
const ASKED_AGAIN_AFTER = 50;
/** The number of values to read at once, since they may be large. */
const ITERATED_AT_ONCE = 16;

/**
 * Keeps each entry under a key of Redis: `Choose/0f3a…` is `tidemark:Choose/0f3a…`, as plain bytes.
 *
 * It connects at the first use, and again after a lost connection: pending commands are then repeated, except for
 * `append`. Each operation is done or rejects with a {@link StorageError}: a server without any traffic for 4 seconds
 * counts as gone, and one that was there before is waited for as long. So is one that loads its data, and one that has
 * become a replica, since a new connection may lead to the new primary. A large value may take any time as long as it
 * moves. An idle connection does not keep the process alive.
 *
 * URIs: `redis://user:password@host:6379/0`, `rediss://…` for TLS, `redis+unix:///path/to.sock?db=0` or
 * `unix:/path/to.sock` for a socket, each with `?namespace=name` in place of `tidemark`, and `?patience=60000` for the
 * time to wait for Redis, in milliseconds, in place of 4000. The environment variable `NODE_EXTRA_CA_CERTS` names
 * further trusted certificates.
 *
 * @example
 * const store = new RedisStore('redis://127.0.0.1:6379');
 * await store.set('Choose/0f3a', Uint8Array.of(1, 2, 3));
 * await store.get('Choose/0f3a'); // Uint8Array [1, 2, 3]
 * await store.disconnect();
 */
export class RedisStore implements StoreAdapter {
  readonly copies = true;
  readonly #uri: string;
  readonly #address: RedisAddress;
  #leases: LeaseBackend | undefined;
  #connection: RedisConnection | undefined;
  #closing: Promise<unknown> | undefined;
  /** Redis was reachable at the last request. */
  #wasThere = false;
  /** It was a primary, and may become one again. */
  #hasWritten = false;
  /** The pauses of requests that wait for Redis. */
  readonly #pauses = new Set<Promise<void>>();

  /** @throws {StorageError} when the URI is invalid */
  constructor(uri: string) {
    this.#address = parseRedisUri(uri);
    this.#uri = uri;
  }

  /** The URI without user and password, for messages. */
  get location(): string {
    return this.#address.location;
  }

  /** The leases on keys. */
  get leases(): LeaseBackend {
    const { RedisLeases } = require('./redis-leases') as typeof import('./redis-leases');
    const ask: SendCommand = (command, operation, key) => this.#ask(command, operation, key);
    return (this.#leases ??= new RedisLeases(this.#uri, this.#address.prefix, ask));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return bytesOf((await this.#ask(['GET', this.#name(key)], 'read', key)) as Buffer | null);
  }

  async getMany(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const values = (await this.#ask(['MGET', ...keys.map((key) => this.#name(key))], 'read')) as (Buffer | null)[];
    return values.map(bytesOf);
  }

  async has(key: string): Promise<boolean> {
    return (await this.#ask(['EXISTS', this.#name(key)], 'read', key)) === 1;
  }

  /** Entries have no time to live. Their durability depends on the settings of Redis. */
  async set(key: string, value: Uint8Array): Promise<true> {
    await this.#ask(['SET', this.#name(key), bufferOf(value)], 'write', key);
    return true;
  }

  /** All are written when this resolves; some may be when it rejects. */
  async setMany(entries: readonly Entry[]): Promise<true> {
    const commands = this.#writes(entries);
    await Promise.all(commands.map((command) => this.#ask(command, 'write')));
    return true;
  }

  async append(key: string, value: Uint8Array): Promise<void> {
    // Not repeated when it may have been done, since that would append twice.
    const command = ['APPEND', this.#name(key), bufferOf(value)];
    await this.#guard('write', () => this.#insist((connection) => connection.ask(command), { mayRepeat: false }), key);
    this.#hasWritten = true;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#ask(['UNLINK', this.#name(key)], 'delete', key)) === 1;
  }

  /** Deletes all entries in the namespace. Keys that do not look like those of entries stay. */
  async clear(): Promise<void> {
    const work = async (connection: RedisConnection) => {
      for await (const keys of scanKeys(connection, this.#address.prefix, '')) {
        await connection.ask(['UNLINK', ...keys.map((key) => this.#name(key))]);
      }
    };
    await this.#guard('delete', () => this.#insist(work, { mayRepeat: false }));
  }

  /** Yields each key once, and remembers them for that until the end. */
  async *keys(prefix = ''): AsyncGenerator<string> {
    const given = new Set<string>();
    let pages!: AsyncGenerator<string[]>;
    const begin = (connection: RedisConnection) => {
      pages = scanKeys(connection, this.#address.prefix, prefix);
      return pages.next();
    };
    let page = await this.#guard('list', () => this.#insist(begin, { mayRepeat: false }));
    for (; !page.done; page = await this.#guard('list', () => pages.next())) {
      for (const key of page.value) {
        if (given.has(key)) continue;
        given.add(key);
        yield key;
      }
    }
  }

  async *iterator(): AsyncGenerator<[string, Uint8Array]> {
    let batch: string[] = [];
    for await (const key of this.keys()) {
      if (batch.push(key) < ITERATED_AT_ONCE) continue;
      yield* this.#entries(batch);
      batch = [];
    }
    yield* this.#entries(batch);
  }

  /** Resolves when all pending operations have finished or failed, and the connection is closed. */
  async disconnect(): Promise<void> {
    this.#closing = Promise.all([this.#closing, this.#close()]);
    await this.#closing;
  }

  /** An operation whose connection is cut meanwhile continues on another one. */
  async #close(): Promise<void> {
    for (;;) {
      const connection = this.#connection;
      if (connection === undefined && this.#pauses.size === 0) return;
      this.#connection = undefined;
      await connection?.close();
      await Promise.all(this.#pauses);
    }
  }

  async *#entries(keys: string[]): AsyncGenerator<[string, Uint8Array]> {
    const values = await this.getMany(keys);
    for (const [i, value] of values.entries()) if (value !== undefined) yield [keys[i]!, value];
  }

  /** As few commands as the size of the values allows. */
  #writes(entries: readonly Entry[]): Command[] {
    const commands: (string | Buffer)[][] = [];
    let room = 0;
    for (const { key, value } of entries) {
      if (room < value.byteLength || commands.length === 0) {
        commands.push(['MSET']);
        room = LARGEST_WRITE;
      }
      commands.at(-1)!.push(this.#name(key), bufferOf(value));
      room -= value.byteLength;
    }
    return commands;
  }

  #name(key: string): string {
    return this.#address.prefix + key;
  }

  /** @param command may be done twice: it is repeated after a connection that broke before the answer */
  async #ask(command: Command, operation: StorageOperation, key?: string): Promise<unknown> {
    const answer = await this.#guard(operation, () => this.#insist((connection) => connection.ask(command)), key);
    if (operation !== 'read') this.#hasWritten = true;
    return answer;
  }

  /**
   * Repeats an operation on a new connection while one can be had, or may soon be, such as during a restart of Redis.
   *
   * @param options `mayRepeat`: also repeat an operation that may have been done
   */
  async #insist<T>(work: (connection: RedisConnection) => Promise<T>, { mayRepeat = true } = {}): Promise<T> {
    const start = performance.now();
    const { patience = USUAL_PATIENCE } = this.#address;
    let unreadySince: number | undefined;
    for (;;) {
      const connection = this.#connected();
      try {
        const answer = await work(connection);
        this.#wasThere = true;
        return answer;
      } catch (error) {
        if (connection.wasOpen) this.#wasThere = true;
        const isUnready = isLoading(error) || (isReplica(error) && (this.#hasWritten || connection.hasAnswered));
        const isCut = mayRepeat && connection.wasOpen && isBroken(error);
        const mayBeBack = isUnready || isCut || (mayRepeat && this.#wasThere && isUnavailable(error));
        if (isUnready) unreadySince ??= performance.now();
        const since = isUnready ? unreadySince! : start;
        if (!mayBeBack || performance.now() - since > patience) {
          // Until it is back, further operations fail at once.
          if (isUnavailable(error)) this.#wasThere = false;
          throw isUnready ? new NotReadyError(error, patience) : error;
        }
        if (isReplica(error)) this.#leave(connection);
        if (!isCut) await this.#pause();
      }
    }
  }

  /** A new connection may lead to another server. The current one is closed after its pending answers. */
  #leave(connection: RedisConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const closing = connection.close();
    this.#pauses.add(closing);
    void closing.then(() => this.#pauses.delete(closing));
  }

  async #pause(): Promise<void> {
    const pause = wait(ASKED_AGAIN_AFTER);
    this.#pauses.add(pause);
    await pause;
    this.#pauses.delete(pause);
  }

  #connected(): RedisConnection {
    if (this.#connection === undefined || this.#connection.isOver)
      this.#connection = new RedisConnection(this.#address);
    return this.#connection;
  }

  async #guard<T>(operation: StorageOperation, work: () => Promise<T>, key?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw redisError(error, operation, this.location, key);
    }
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** In memory of their own: a value from Redis may share its memory with other values. */
function bytesOf(value: Buffer | null): Uint8Array | undefined {
  if (value === null) return undefined;
  return value.byteLength === value.buffer.byteLength ? new Uint8Array(value.buffer) : new Uint8Array(value);
}

/** Redis was not ready for so long that the store gave up. */
class NotReadyError extends Error {
  /** @param patience for how long it was asked, in milliseconds */
  constructor(
    override readonly cause: unknown,
    readonly patience: number,
  ) {
    super(describeError(cause), { cause });
  }
}

/** Tells what failed, where, and the remedy. A `StorageError` is returned as it is. */
function redisError(cause: unknown, operation: StorageOperation, location: string, key?: string): StorageError {
  if (isInstance(cause, StorageError)) return cause;
  if (isInstance(cause, NotReadyError)) {
    const remark = `It was asked again for ${cause.patience / 1000} s (?patience=${cause.patience}).`;
    return storageErrorWithAdvice(location, redisAdvice(cause.cause), { operation, key, cause: cause.cause }, remark);
  }
  const told = repeatsArguments(cause) ? undefined : cause;
  return storageErrorWithAdvice(location, redisAdvice(cause), { operation, key, cause: told });
}
