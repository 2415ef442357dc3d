import type { Graph } from '../graph/graph';

/** Facts of a node, as bits. */
const computedNow = 1;
const inStorage = 2;
const protectedFromWrites = 4;
const changedInputs = 8;
const savedMeanwhile = 16;
const restoreAsked = 32;

/**
 * The way in which users receive a result: `shared` as it is, by any number; `copied` with its mutable parts copied;
 * `single` as it is, by one. It is `given` once a user has it that may change it.
 */
export const Sharing = { shared: 0, copied: 1, single: 2, given: 3 } as const;
export type Sharing = (typeof Sharing)[keyof typeof Sharing];

/** Metadata of the results of one execution's nodes, by node index. */
export class NodeFacts {
  readonly #graph: Graph;
  readonly #bits: Uint8Array;
  /** Digests of results that were saved or loaded, or that this run computed to save. */
  readonly #digests: (string | undefined)[];
  /** The number of attempts so far, for tasks with retries. */
  readonly #attempts = new Map<number, number>();
  /** Undefined while all results are shared, as primitive values are. */
  #sharing: Uint8Array | undefined;
  #hasChangedInputs = false;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#bits = new Uint8Array(graph.nodes.length);
    this.#digests = new Array(graph.nodes.length);
  }

  /** The digest of a result that was encoded or loaded. */
  readonly digestOf = (index: number): string | undefined => this.#digests[index];

  /** True when a result was computed and encoded since this run began. */
  isComputedNow(index: number): boolean {
    return this.#has(index, computedNow);
  }

  /** True when a result is in the storage, unchanged and under its key. */
  isInStorage(index: number): boolean {
    return this.#has(index, inStorage);
  }

  /** @param isNew true when the result was computed since this run began */
  recordLoaded(index: number, digest: string, isNew: boolean): void {
    this.#digests[index] = digest;
    this.#bits[index]! |= isNew ? inStorage | computedNow : inStorage;
  }

  /** Records a result that was computed and encoded. */
  recordComputed(index: number, digest: string): void {
    this.#digests[index] = digest;
    this.#bits[index]! |= computedNow;
  }

  recordSaved(index: number): void {
    this.#bits[index]! |= inStorage;
  }

  /** Records the digest of a result whose refs were resolved: it covers their results. */
  recordResolved(index: number, digest: string | undefined, isNew: boolean): void {
    this.#digests[index] = digest;
    // The digest is of the resolved value, which is not saved in that form.
    this.#bits[index]! &= ~inStorage;
    if (isNew) this.#bits[index]! |= computedNow;
  }

  /** True when the checkpoint of a node must not be overwritten, since it could not be read. */
  isProtected(index: number): boolean {
    return this.#has(index, protectedFromWrites);
  }

  protect(index: number): void {
    this.#bits[index]! |= protectedFromWrites;
  }

  /** True when a node that was to run was loaded, since another execution or process saved it in the meantime. */
  isSavedMeanwhile(index: number): boolean {
    return this.#has(index, savedMeanwhile);
  }

  recordSavedMeanwhile(index: number): void {
    this.#bits[index]! |= savedMeanwhile;
  }

  /** Records the call of a `restore` method. Returns true the first time. */
  recordRestoreAsked(index: number): boolean {
    const isFirst = !this.#has(index, restoreAsked);
    this.#bits[index]! |= restoreAsked;
    return isFirst;
  }

  /** Records that the fingerprint of a node changed while it ran: its result has no key. */
  recordChangedInputs(index: number): void {
    this.#hasChangedInputs = true;
    this.#bits[index]! |= changedInputs;
  }

  /** True when a result has no key, by itself or through a requirement. Called once requirements are settled. */
  hasChangedInputs(index: number): boolean {
    if (!this.#hasChangedInputs) return false;
    if (this.#graph.requirementsOf(index).some((one) => this.#has(one, changedInputs))) this.recordChangedInputs(index);
    return this.#has(index, changedInputs);
  }

  /** Counts an attempt: 1 for the first. */
  beginAttempt(index: number): number {
    const attempt = (this.#attempts.get(index) ?? 0) + 1;
    this.#attempts.set(index, attempt);
    return attempt;
  }

  /** Discounts the last attempt. */
  undoAttempt(index: number): void {
    const attempt = this.#attempts.get(index);
    if (attempt !== undefined) this.#attempts.set(index, attempt - 1);
  }

  sharingOf(index: number): Sharing {
    return (this.#sharing?.[index] ?? Sharing.shared) as Sharing;
  }

  setSharing(index: number, sharing: Sharing): void {
    if (this.#sharing) this.#sharing[index] = sharing;
    else if (sharing !== Sharing.shared) (this.#sharing = new Uint8Array(this.#bits.length))[index] = sharing;
  }

  /** True when some results may not be shared. */
  get hasRestrictions(): boolean {
    return this.#sharing !== undefined;
  }

  #has(index: number, fact: number): boolean {
    return (this.#bits[index]! & fact) !== 0;
  }
}
