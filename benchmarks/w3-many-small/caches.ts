import { type Cache, cacheOver, FolderStore } from '../bench/caches';
import { loadPeer } from '../bench/peers';
import { type Cbor, type Contestant, count, makeCbor, makeItem, type Place, sum } from './contestant';

/** keyv, cacheable or cache-manager, with cbor-x. */
export async function caches(name: string, place: Place): Promise<Contestant> {
  const cache = await open(name, place);
  const ids = Array.from({ length: count }, (_, id) => id);
  const end = async () => {
    await cache.disconnect?.();
  };
  return {
    async save() {
      const items = ids.map(makeItem);
      await Promise.all(items.map((item) => cache.set(String(item.id), item)));
      await end();
      return sum(items);
    },
    async load() {
      const items = await Promise.all(ids.map((id) => cache.get(String(id))));
      await end();
      return sum(items);
    },
  };
}

async function open(name: string, { store, folder, redis }: Place): Promise<Cache> {
  const cbor = makeCbor();
  // A store that accepts values from Keyv serialises them itself.
  const asIs = { serialize: undefined, deserialize: undefined };
  switch (store) {
    case 'memory':
      return cacheOver(name, new MemoryStore(cbor), asIs);
    case 'file':
      return cacheOver(name, new FolderStore(folder, cbor), asIs);
    case 'redis': {
      const { default: KeyvRedis } = loadPeer('@keyv/redis');
      // Keyv reads text from Redis, so bytes are stored as text.
      return cacheOver(name, new KeyvRedis(redis, { namespace: folder }), {
        serialize: (value: unknown) => cbor.encode(value).toString('base64'),
        deserialize: (text: string) => cbor.decode(Buffer.from(text, 'base64')),
        namespace: folder,
      });
    }
    default:
      throw new Error(`there is no cache in ${store}`);
  }
}

class MemoryStore {
  readonly opts = {};
  readonly #values = new Map<string, Uint8Array>();
  readonly #cbor: Cbor;

  constructor(cbor: Cbor) {
    this.#cbor = cbor;
  }

  get(key: string): unknown {
    const bytes = this.#values.get(key);
    return bytes && this.#cbor.decode(bytes);
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, Buffer.from(this.#cbor.encode(value)));
  }

  delete(key: string): boolean {
    return this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }

  on(): this {
    return this;
  }
}
