import { hash } from 'node:crypto';
import { type Awaitable, andThen, isPromiseLike } from '../../base/awaitable';
import type { MarkStore } from './mark-store';

/** A store with its marks. */
export interface MarkedStore {
  readonly marks: MarkStore;
  /** Tells stores apart: the same for one that is opened again in the same way. */
  readonly place: string;
}

const start = '@';
const none: readonly string[] = Object.freeze([]);

/** How a record says that it was saved in an epoch of a store. */
function wordOf(epoch: string, place: string): string {
  return `${start}${epoch}.${place}`;
}

/** Whether one of the marks in a record is the epoch of a store. */
function isEpoch(mark: string): boolean {
  return mark.startsWith(start);
}

/** The marks in a record that are of clears. */
export function clearMarksIn(marks: readonly string[]): readonly string[] {
  return marks.some(isEpoch) ? marks.filter((mark) => !isEpoch(mark)) : marks;
}

/** The epochs in a record. */
export function epochsIn(marks: readonly string[]): readonly string[] {
  return marks.filter(isEpoch);
}

/** The id of an epoch in a record. */
export function epochIdOf(word: string): string {
  return word.slice(start.length, word.indexOf('.'));
}

/** Whether a record was saved in an epoch, wherever. */
export function includesEpoch(marks: readonly string[], epoch: string): boolean {
  return marks.some((mark) => mark.startsWith(`${start}${epoch}.`));
}

/** A name for a store that is the same wherever it is opened by this address. */
export function placeIdOf(location: string): string {
  return hash('sha256', location, 'hex').slice(0, 12);
}

/** The epochs of the stores that a run uses, as they were when it began. */
export class Epochs {
  readonly #known = new Map<MarkedStore, string>();
  #words: readonly string[] = none;

  /** As records have them. */
  get words(): readonly string[] {
    return this.#words;
  }

  /** @param epoch undefined when the store has none yet: then it is asked again when that matters */
  record(layer: MarkedStore, epoch: string | undefined): void {
    if (epoch === undefined) return;
    this.#known.set(layer, epoch);
    this.#words = Object.freeze(Array.from(this.#known, ([{ place }, known]) => wordOf(known, place)));
  }

  /**
   * Whether a record was saved in the epoch of the store that it was found in, and in no earlier one of another store
   * that is here: what was cleared in an earlier epoch is not known any more.
   */
  includes(layer: MarkedStore, marks: readonly string[]): Awaitable<boolean> {
    const [first] = marks;
    // Most records of most storages, which are one store.
    if (this.#known.size === 1 && first === this.#words[0] && this.#known.has(layer)) return true;
    const epoch = this.#known.get(layer);
    if (epoch !== undefined) return this.#isOf(layer, epoch, marks);
    // It was empty when the run began, and others have saved in it since; or it has lost its epoch.
    return andThen(
      layer.marks.readTrunk((_, now) => now),
      (now) => {
        this.record(layer, now);
        return now !== undefined && this.#isOf(layer, now, marks);
      },
    );
  }

  #isOf(layer: MarkedStore, epoch: string, marks: readonly string[]): boolean {
    if (!includesEpoch(marks, epoch)) return false;
    for (const mark of marks) if (isEpoch(mark) && this.#isLost(layer, mark)) return false;
    return true;
  }

  /** Whether a word is of an earlier epoch of another store. */
  #isLost(layer: MarkedStore, word: string): boolean {
    for (const [other, epoch] of this.#known)
      if (other !== layer && word.endsWith(`.${other.place}`) && word !== wordOf(epoch, other.place)) return true;
    return false;
  }
}

/** Whether marks begin with the epoch of a layer. */
export function startWithEpochOf({ place }: MarkedStore, [first]: readonly string[]): boolean {
  return first !== undefined && isEpoch(first) && first.endsWith(place);
}

/**
 * The marks that a record gets in one layer: those that its run has seen, with the epochs of that layer and of those
 * behind it. A nearer layer is another one on each machine, and may be deleted at any time.
 *
 * @param layers that one and those behind it
 * @param isWritten whether results are saved in a layer, which then has an epoch
 */
export function marksForStore<L extends MarkedStore>(
  layers: readonly L[],
  isWritten: (layer: L) => boolean,
  marks: readonly string[],
): Awaitable<readonly string[]> {
  const words: string[] = [];
  const missing: L[] = [];
  for (const layer of layers) {
    const word = marks.find((mark) => isEpoch(mark) && mark.endsWith(`.${layer.place}`));
    if (word !== undefined) words.push(word);
    else if (isWritten(layer)) missing.push(layer);
  }
  const clears = clearMarksIn(marks);
  if (missing.length > 0) return andThen(newWords(missing), (added) => [...added, ...words, ...clears]);
  return words.length + clears.length === marks.length ? marks : [...words, ...clears];
}

function newWords(layers: readonly MarkedStore[]): Awaitable<readonly string[]> {
  const words = layers.map(({ marks, place }) => andThen(marks.epoch(), (epoch) => wordOf(epoch, place)));
  return words.some(isPromiseLike) ? Promise.all(words) : (words as string[]);
}
