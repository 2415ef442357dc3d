import type { Graph } from '../graph/graph';

/** Facts of a node, as bits. */
const computedNow = 1;
const inStorage = 2;
const protectedFromWrites = 4;
const changedInputs = 8;
const savedMeanwhile = 16;
const restoreAsked = 32;

/**
 * How a result is given to its users: `shared` to any number as it is, `copied` with a copy of what can be changed,
 * `single` to one as it is. It is `given` once somebody has it who may change it.
 */
export const Sharing = { shared: 0, copied: 1, single: 2, given: 3 } as const;
export type Sharing = (typeof Sharing)[keyof typeof Sharing];

/** Facts about the results of the nodes of one execution, besides their values; all by node index. */
export class NodeFacts {
  readonly #graph: Graph;
  readonly #bits: Uint8Array;
  /** Of results that were saved or loaded, and of those computed in this run that are to be. */
  readonly #digests: (string | undefined)[];
  /** Attempts so far, of tasks with retries. */
  readonly #attempts = new Map<number, number>();
  /** Undefined while all results are shared, as numbers and strings are. */
  #sharing: Uint8Array | undefined;
  #hasChangedInputs = false;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#bits = new Uint8Array(graph.nodes.length);
    this.#digests = new Array(graph.nodes.length);
  }

  /** The digest of a result, when it was encoded or loaded. */
  readonly digestOf = (index: number): string | undefined => this.#digests[index];

  /** Whether a result was computed and encoded since this run began. */
  isComputedNow(index: number): boolean {
    return this.#has(index, computedNow);
  }

  /** Whether a result is in the storage, under its key and as it is. */
  isInStorage(index: number): boolean {
    return this.#has(index, inStorage);
  }

  /** @param isNew whether the result was computed since this run began */
  recordLoaded(index: number, digest: string, isNew: boolean): void {
    this.#digests[index] = digest;
    this.#bits[index]! |= isNew ? inStorage | computedNow : inStorage;
  }

  /** A result was computed and encoded. */
  recordComputed(index: number, digest: string): void {
    this.#digests[index] = digest;
    this.#bits[index]! |= computedNow;
  }

  recordSaved(index: number): void {
    this.#bits[index]! |= inStorage;
  }

  /** A result held refs: what these led to is part of what identifies it. */
  recordResolved(index: number, digest: string | undefined, isNew: boolean): void {
    this.#digests[index] = digest;
    // The digest is that of what others get, which as such is nowhere saved.
    this.#bits[index]! &= ~inStorage;
    if (isNew) this.#bits[index]! |= computedNow;
  }

  /** Whether the checkpoint of a node must not be overwritten, since it could not be read. */
  isProtected(index: number): boolean {
    return this.#has(index, protectedFromWrites);
  }

  protect(index: number): void {
    this.#bits[index]! |= protectedFromWrites;
  }

  /** Whether a node that was to run was loaded, since another execution or process had saved it meanwhile. */
  isSavedMeanwhile(index: number): boolean {
    return this.#has(index, savedMeanwhile);
  }

  recordSavedMeanwhile(index: number): void {
    this.#bits[index]! |= savedMeanwhile;
  }

  /** Records that a `restore` method is asked. Gives whether this is the first time. */
  recordRestoreAsked(index: number): boolean {
    const isFirst = !this.#has(index, restoreAsked);
    this.#bits[index]! |= restoreAsked;
    return isFirst;
  }

  /** The fingerprint of a node changed while it ran: its result belongs to no key. */
  recordChangedInputs(index: number): void {
    this.#hasChangedInputs = true;
    this.#bits[index]! |= changedInputs;
  }

  /** Whether a result belongs to no key, by itself or by a requirement. Asked of each node that ran, after its requirements. */
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

  /** The last attempt does not count. */
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

  /** Whether there may be results that are not shared. */
  get hasRestrictions(): boolean {
    return this.#sharing !== undefined;
  }

  #has(index: number, fact: number): boolean {
    return (this.#bits[index]! & fact) !== 0;
  }
}
