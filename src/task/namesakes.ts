import { sharedState } from '../base/shared-state';

/** A result that this process saved: its key, and the digest of its content. */
export interface SavedHere {
  readonly key: string;
  readonly digest: string;
}

/**
 * The saved tasks of this process that are called as their class is, and share that name: several when a function
 * declares the class, when two files declare one each, or when a module is loaded again. Their results have the same keys.
 */
export class Namesakes {
  readonly #classes = new WeakSet<Function>();
  #first: WeakRef<Function> | undefined;
  #contestedSince = Number.POSITIVE_INFINITY;
  #saved: WeakMap<Function, Set<string>> | undefined;

  /** Whether there are several. */
  get areSeveral(): boolean {
    return this.#saved !== undefined;
  }

  add(cls: Function): void {
    if (this.#classes.has(cls)) return;
    this.#classes.add(cls);
    if (!this.#first) this.#first = new WeakRef(cls);
    else if (!this.#saved) {
      this.#contestedSince = Date.now();
      this.#saved = new WeakMap();
    }
  }

  /** A class saved a result. */
  noteSaved(cls: Function, { key, digest }: SavedHere): void {
    if (!this.#saved) return;
    const known = this.#saved.get(cls);
    if (known) known.add(`${key} ${digest}`);
    else this.#saved.set(cls, new Set([`${key} ${digest}`]));
  }

  /** Whether a result that this process saved may be that of another class. @param savedAt in milliseconds since 1970 */
  mayBeOfOther(cls: Function, { key, digest }: SavedHere, savedAt: number): boolean {
    if (!this.#saved || this.#saved.get(cls)?.has(`${key} ${digest}`)) return false;
    return savedAt >= this.#contestedSince || this.#first!.deref() !== cls;
  }
}

const byName = sharedState('namesakes', () => new Map<string, Namesakes>());

/** Those of a name, with one more class. */
export function namesakesOf(name: string, cls: Function): Namesakes {
  let namesakes = byName.get(name);
  if (!namesakes) byName.set(name, (namesakes = new Namesakes()));
  namesakes.add(cls);
  return namesakes;
}

/** Names of one or two characters, as minifiers give them, or with the endings of bundlers. */
const notWritten = /^..?$|[_$]\d+$/u;

/** Whether the name of a class looks like one that a build made, and the next build may give to another class. */
export function looksMinified(name: string): boolean {
  return notWritten.test(name);
}
