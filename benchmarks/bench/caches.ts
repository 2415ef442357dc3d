import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPeer } from './peers';

/** The common interface of keyv, cacheable and cache-manager. */
export interface Cache {
  get(key: string): Promise<any>;
  set(key: string, value: unknown): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  disconnect?(): Promise<void>;
}

/** One of the three, over a store for Keyv. */
export async function cacheOver(name: string, store: object, options: object = {}): Promise<Cache> {
  const { Keyv } = loadPeer('keyv');
  const keyv = new Keyv({ store, useKeyPrefix: false, throwOnErrors: true, ...options });
  switch (name) {
    case 'keyv':
      return keyv;
    case 'cache-manager': {
      const { createCache } = loadPeer('cache-manager');
      const cache = createCache({ stores: [keyv] });
      return {
        get: (key) => cache.get(key),
        set: (key, value) => cache.set(key, value),
        delete: (key) => cache.del(key),
        disconnect: () => cache.disconnect(),
      };
    }
    case 'cacheable': {
      // The store is its first layer: a second one in memory would be one more thing than the others do.
      const { Cacheable } = loadPeer('cacheable');
      return new Cacheable({ primary: keyv });
    }
    default:
      throw new Error(`there is no cache ${name}`);
  }
}

/** Serialization by the store, if Keyv does not convert values to strings. */
export interface Codec {
  encode(value: unknown): Uint8Array | string;
  decode(bytes: Buffer): unknown;
}

/** A Keyv store adapter with one file per value, written and read synchronously. */
export class FolderStore {
  readonly opts = {};
  readonly #folder: string;
  readonly #codec: Codec;

  constructor(folder: string, codec: Codec = { encode: String, decode: (bytes) => bytes.toString() }) {
    this.#folder = folder;
    this.#codec = codec;
    mkdirSync(folder, { recursive: true });
  }

  get(key: string): unknown {
    try {
      return this.#codec.decode(readFileSync(join(this.#folder, key)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  set(key: string, value: unknown): void {
    writeFileSync(join(this.#folder, key), this.#codec.encode(value));
  }

  delete(key: string): boolean {
    rmSync(join(this.#folder, key), { force: true });
    return true;
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(dirname(this.#folder), { recursive: true });
  }

  on(): this {
    return this;
  }
}
