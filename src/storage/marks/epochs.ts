import { hash } from 'node:crypto';
import { type Awaitable, andThen, isPromiseLike } from '../../base/awaitable';
import type { MarkStore } from './mark-store';

/** A store, with its clear marks. */
export interface MarkedStore {
  readonly marks: MarkStore;
  /** Identifies the store: equal for two that were opened by the same address. */
  readonly place: string;
}

const start = '@';
const none: readonly string[] = Object.freeze([]);

/** The mark of a record that was saved in an epoch of a store. */
function wordOf(epoch: string, place: string): string {
  return `${start}${epoch}.${place}`;
}

/** The mark names an epoch. */
function isEpoch(mark: string): boolean {
  return mark.startsWith(start);
}

/** The marks of clears among the marks of a record. */
export function clearMarksIn(marks: readonly string[]): readonly string[] {
  return marks.some(isEpoch) ? marks.filter((mark) => !isEpoch(mark)) : marks;
}

/** The epochs among the marks of a record. */
export function epochsIn(marks: readonly string[]): readonly string[] {
  return marks.filter(isEpoch);
}

/** The id of an epoch, from its mark. */
export function epochIdOf(word: string): string {
  return word.slice(start.length, word.indexOf('.'));
}

/** A record was saved in an epoch, in any store. */
export function includesEpoch(marks: readonly string[], epoch: string): boolean {
  return marks.some((mark) => mark.startsWith(`${start}${epoch}.`));
}

/** Identifies a store by its address. */
export function placeIdOf(location: string): string {
  return hash('sha256', location, 'hex').slice(0, 12);
}

/** The epochs of the stores of a run, as they were at its start. */
export class Epochs {
  readonly #known = new Map<MarkedStore, string>();
  #words: readonly string[] = none;

  /** As the marks of records. */
  get words(): readonly string[] {
    return this.#words;
  }

  /** @param epoch undefined for a store without an epoch: it is read again when that matters */
  record(store: MarkedStore, epoch: string | undefined): void {
    if (epoch === undefined) return;
    this.#known.set(store, epoch);
    this.#words = Object.freeze(Array.from(this.#known, ([{ place }, known]) => wordOf(known, place)));
  }

  /**
   * A record was saved in the current epoch of its store, and in no earlier epoch of another store of this run: the
   * clears of an earlier epoch are not known any more.
   */
  includes(store: MarkedStore, marks: readonly string[]): Awaitable<boolean> {
    const [first] = marks;
    // Most records are in a storage of one store.
    if (this.#known.size === 1 && first === this.#words[0] && this.#known.has(store)) return true;
    const epoch = this.#known.get(store);
    if (epoch !== undefined) return this.#isOf(store, epoch, marks);
    // The store was empty at the start of the run, and others have saved in it since; or it has lost its epoch.
    return andThen(
      store.marks.readTrunk((_, now) => now),
      (now) => {
        this.record(store, now);
        return now !== undefined && this.#isOf(store, now, marks);
      },
    );
  }

  #isOf(store: MarkedStore, epoch: string, marks: readonly string[]): boolean {
    if (!includesEpoch(marks, epoch)) return false;
    for (const mark of marks) if (isEpoch(mark) && this.#isLost(store, mark)) return false;
    return true;
  }

  /** The mark names an earlier epoch of another store. */
  #isLost(store: MarkedStore, word: string): boolean {
    for (const [other, epoch] of this.#known)
      if (other !== store && word.endsWith(`.${other.place}`) && word !== wordOf(epoch, other.place)) return true;
    return false;
  }
}

/** The marks begin with the epoch of a store. */
export function startWithEpochOf({ place }: MarkedStore, [first]: readonly string[]): boolean {
  return first !== undefined && isEpoch(first) && first.endsWith(place);
}

/**
 * The marks of a record in one store: those that its run has seen, with the epochs of that store and of those behind
 * it. The stores before it differ from machine to machine, and may be deleted at any time.
 *
 * @param stores that store and those behind it
 * @param isWritten results are saved in the store, so that it has an epoch
 */
export function marksForStore<L extends MarkedStore>(
  stores: readonly L[],
  isWritten: (store: L) => boolean,
  marks: readonly string[],
): Awaitable<readonly string[]> {
  const words: string[] = [];
  const missing: L[] = [];
  for (const store of stores) {
    const word = marks.find((mark) => isEpoch(mark) && mark.endsWith(`.${store.place}`));
    if (word !== undefined) words.push(word);
    else if (isWritten(store)) missing.push(store);
  }
  const clears = clearMarksIn(marks);
  if (missing.length > 0) return andThen(newWords(missing), (added) => [...added, ...words, ...clears]);
  return words.length + clears.length === marks.length ? marks : [...words, ...clears];
}

function newWords(stores: readonly MarkedStore[]): Awaitable<readonly string[]> {
  const words = stores.map(({ marks, place }) => andThen(marks.epoch(), (epoch) => wordOf(epoch, place)));
  return words.some(isPromiseLike) ? Promise.all(words) : (words as string[]);
}
