const keptOfTask = 64 * 1024;
const keptInAll = 4 * 1024 * 1024;

/** What tasks printed, in characters: the end of it for each, and of those that printed last when it is too much. */
export class KeptOutput {
  readonly #kept = new Map<string, string>();
  readonly #dropped = new Set<string>();
  #size = 0;

  add(key: string, text: string): void {
    const before = this.#kept.get(key) ?? '';
    const joined = (before + text).slice(-keptOfTask);
    // Last again, since it printed last.
    this.#kept.delete(key);
    this.#kept.set(key, joined);
    this.#size += joined.length - before.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#size <= keptInAll) return;
      this.#kept.delete(oldest);
      this.#dropped.add(oldest);
      this.#size -= length;
    }
  }

  /** Undefined when it printed nothing. */
  of(key: string): string | undefined {
    return this.#kept.get(key) ?? (this.#dropped.has(key) ? '(let go of, since other tasks printed much)' : undefined);
  }
}
