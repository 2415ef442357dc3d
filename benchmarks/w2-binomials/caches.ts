import { type Cache, cacheOver, FolderStore } from '../bench/caches';

const modulus = 1_000_000_007;

/** A memo of promises over a cache in files. Values derived from a cleared one are deleted by hand, as in the floor. */
export class CacheMemo {
  ran = 0;
  readonly #cache: Cache;
  readonly #memo = new Map<string, Promise<number>>();

  private constructor(cache: Cache) {
    this.#cache = cache;
  }

  static async open(name: string, folder: string): Promise<CacheMemo> {
    return new CacheMemo(await cacheOver(name, new FolderStore(folder)));
  }

  choose(n: number, k: number): Promise<number> {
    const key = `${n}-${k}`;
    let known = this.#memo.get(key);
    if (!known) this.#memo.set(key, (known = this.#loadOrCompute(key, n, k)));
    return known;
  }

  async clear({ n, k }: { n: number; k: number }): Promise<void> {
    for (let m = n; m <= 100; m++) {
      for (let j = k; j <= k + m - n; j++) if (j < m || m === n) await this.#cache.delete(`${m}-${j}`);
    }
  }

  async #loadOrCompute(key: string, n: number, k: number): Promise<number> {
    const saved = await this.#cache.get(key);
    if (typeof saved === 'number') return saved;
    let value = 1;
    if (0 < k && k < n) {
      const [left, right] = await Promise.all([this.choose(n - 1, k - 1), this.choose(n - 1, k)]);
      value = (left + right) % modulus;
    }
    await this.#cache.set(key, value);
    this.ran++;
    return value;
  }
}
