import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import type { TaskKey } from '../../../task/context';
import type { StorageOperation } from '../../errors';
import { type LeaseBackend, leaseKeyOf } from '../../leases/lease';

/** Sends a command of a store, and turns errors into a StorageError. */
export type SendCommand = (
  command: readonly (string | Buffer)[],
  operation: StorageOperation,
  key?: string,
) => Promise<unknown>;

/** A script that Redis knows by its digest, after its first use. */
interface Script {
  readonly text: string;
  readonly digest: string;
}

const script = (text: string): Script => ({ text, digest: hash('sha1', text) });
const ifHeld = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end";
// Also succeeds for the same token again, since it is repeated after a broken connection.
const taking = script(
  "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end return 0",
);
const renewal = script(`${ifHeld} redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1`);
const writing = script(`${ifHeld} redis.call('SET', KEYS[2], ARGV[2]) redis.call('DEL', KEYS[1]) return 1`);
const releasing = script(`${ifHeld} return redis.call('DEL', KEYS[1])`);

const who = `${hostname()}/${process.pid}`;

/**
 * Leases as expiring keys of Redis: `@leases/Choose/0f3a` holds the token of the owner, and its host and process. Each
 * change of a lease is a script that compares the token first, in one step.
 */
export class RedisLeases implements LeaseBackend {
  readonly #uri: string;
  readonly #ask: SendCommand;
  readonly #prefix: string;

  /** @param prefix of all keys on the server */
  constructor(uri: string, prefix: string, ask: SendCommand) {
    this.#uri = uri;
    this.#prefix = prefix;
    this.#ask = ask;
  }

  uri(): string {
    return this.#uri;
  }

  acquire(key: TaskKey, token: string, expiresAfter: number): Promise<boolean> {
    return this.#run(taking, 'write', key, [this.#nameOf(key)], [textOf(token), termOf(expiresAfter)]);
  }

  renew(key: TaskKey, token: string, expiresAfter: number): Promise<boolean> {
    return this.#run(renewal, 'write', key, [this.#nameOf(key)], [textOf(token), termOf(expiresAfter)]);
  }

  write(key: TaskKey, token: string, bytes: Uint8Array): Promise<boolean> {
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#run(writing, 'write', key, [this.#nameOf(key), this.#prefix + key], [textOf(token), value]);
  }

  async release(key: TaskKey, token: string): Promise<void> {
    await this.#run(releasing, 'delete', key, [this.#nameOf(key)], [textOf(token)]);
  }

  /** A lease that is not renewed expires by itself, so that its owner is all there is to see. */
  async peek(keys: readonly TaskKey[]): Promise<(string | undefined)[]> {
    if (keys.length === 0) return [];
    const values = (await this.#ask(['MGET', ...keys.map((key) => this.#nameOf(key))], 'read')) as (Buffer | null)[];
    return values.map((value) => value?.toString());
  }

  /** Resolves to true if the token had the lease. */
  async #run(
    { text, digest }: Script,
    operation: StorageOperation,
    key: TaskKey,
    keys: readonly string[],
    values: readonly (string | Buffer)[],
  ): Promise<boolean> {
    const rest = [String(keys.length), ...keys, ...values];
    const ask = (command: string, script: string) =>
      this.#ask([command, script, ...rest], operation, leaseKeyOf(key)) as Promise<number>;
    try {
      return (await ask('EVALSHA', digest)) === 1;
    } catch (error) {
      if (!/^NOSCRIPT/.test(String(((error as Error).cause as Error | undefined)?.message))) throw error;
      return (await ask('EVAL', text)) === 1;
    }
  }

  #nameOf(key: TaskKey): string {
    return this.#prefix + leaseKeyOf(key);
  }
}

function textOf(token: string): string {
  return `${token} ${who}`;
}

function termOf(milliseconds: number): string {
  return String(Math.ceil(milliseconds));
}
