import type { Outcome } from './outcome';

/** Called with a node's outcome, or with undefined when there will be none. */
export type OnOver = (outcome: Outcome | undefined) => void;

/** Those who want to know what becomes of nodes that are not over yet; of most nodes, nobody does. */
export class Onlookers {
  readonly #callbacks = new Map<number, OnOver[]>();

  add(index: number, callback: OnOver): void {
    const callbacks = this.#callbacks.get(index);
    if (callbacks) callbacks.push(callback);
    else this.#callbacks.set(index, [callback]);
  }

  /** Tells all who asked about a node, once. */
  tell(index: number, outcome: Outcome | undefined): void {
    const callbacks = this.#callbacks.get(index);
    if (!callbacks) return;
    this.#callbacks.delete(index);
    for (const callback of callbacks) callback(outcome);
  }
}
