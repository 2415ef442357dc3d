import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import type { Graph } from '../graph/graph';
import type { NodeKeys } from '../graph/key';
import { type Lease, LeaseLostError } from '../storage/leases/lease';
import type { EncodedForms, SerializedValue } from '../storage/result-codec';
import type { CheckpointHit } from '../storage/storage-stack';
import type { TaskKey } from '../task/context';
import type { Checkpoints, Origin } from './checkpoints';
import type { ForceSet } from './force-set';
import type { Reporter } from './reporter';
import type { Scheduler } from './scheduler';

/** What saving needs to know of the run. */
export interface ResultWriterOptions {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly forced: ForceSet | undefined;
  /** Undefined when nothing is saved. */
  readonly checkpoints: Checkpoints | undefined;
  readonly reporter: Reporter;
  readonly scheduler: Scheduler;
  /** Checkpoints that do not count any more, by node. */
  readonly stale: ReadonlyMap<number, readonly CheckpointHit[]>;
  readonly onFailure: (index: number, error: unknown) => Awaitable<void>;
  /** Told once a node's result is saved, or cannot be. */
  readonly onOver: (index: number, isSaved: boolean) => void;
}

/** So that what is on its way takes some 64 MiB at most, and one more. */
const bytesPerSlot = 65_536;

/** What is known of a result, as bits. */
const ranAnew = 1;
const inStorage = 2;

/** Writes results to storage, beside the run; the digests that identify them. */
export class ResultWriter {
  readonly #options: ResultWriterOptions;
  // By node, in arrays: looked at for each edge.
  /** Of results that were saved or loaded, and of those computed in this run that are to be. */
  readonly #digests: (string | undefined)[];
  /** Whether a result was computed in this run, and whether it is in the storage by now. */
  readonly #facts: Uint8Array;

  constructor(options: ResultWriterOptions) {
    this.#options = options;
    const count = options.graph.nodes.length;
    this.#digests = new Array(count);
    this.#facts = new Uint8Array(count);
  }

  /** The digest of a result, when it was encoded or loaded. */
  readonly digestOf = (index: number): string | undefined => this.#digests[index];

  /** Whether a result was computed and encoded since this run began. */
  ranAnew(index: number): boolean {
    return (this.#facts[index]! & ranAnew) !== 0;
  }

  /** @param isNew whether it was computed since this run began */
  recordLoaded(index: number, digest: string, isNew: boolean): void {
    this.#record(index, digest, isNew ? inStorage | ranAnew : inStorage);
  }

  /** A result held refs: what these led to is part of what identifies it. */
  recordResolved(index: number, digest: string | undefined, isNew: boolean): void {
    // The digest is that of what others get, which as such is nowhere saved.
    this.#facts[index]! &= ~inStorage;
    this.#record(index, digest, isNew ? ranAnew : 0);
  }

  recordComputed(index: number, { digest }: EncodedForms): void {
    this.#record(index, digest, ranAnew);
  }

  /** A result was saved by who ran it. */
  recordSavedRemotely(index: number, { digest, size }: { readonly digest: string; readonly size: number }): void {
    this.#record(index, digest, ranAnew);
    this.#recordSaved(index, size);
  }

  /** Key and digest of a result that is in the storage; undefined when it is not, or not yet. */
  savedAs(index: number): { readonly key: TaskKey; readonly digest: string } | undefined {
    const { keys, graph } = this.#options;
    const digest = this.#digests[index];
    const isThere = digest !== undefined && (this.#facts[index]! & inStorage) !== 0 && graph.nodes[index]!.task.save;
    return isThere ? { key: keys.get(index), digest } : undefined;
  }

  /** Writes a result. Gives a promise when others may only see it after that, since its bytes are its own memory. */
  save(index: number, encoded: EncodedForms, seconds: number, origin: Origin | undefined): Promise<void> | undefined {
    const { checkpoints, stale } = this.#options;
    if (!checkpoints?.isSaving) return undefined;
    try {
      const written = checkpoints.save(index, encoded, {
        seconds,
        digestOf: this.digestOf,
        stale: stale.get(index),
        origin,
      });
      if (!isPromiseLike(written)) {
        this.#recordSaved(index, written);
        return undefined;
      }
      const done = this.#track(
        index,
        written.then((size) => this.#recordSaved(index, size)),
        encoded.bySerialization[0]![1].bytes.byteLength,
      );
      return encoded.bySerialization.some(([, { isView }]) => isView) ? done : undefined;
    } catch (error) {
      void this.#options.onFailure(index, error);
      this.#options.onOver(index, false);
      return undefined;
    }
  }

  /** Writes a result while this process has the right to. Gives why not, when it has not any more: nothing was written. */
  async saveWithLease(
    lease: Lease,
    index: number,
    encoded: EncodedForms,
    seconds: number,
    origin: Origin | undefined,
  ): Promise<LeaseLostError | undefined> {
    const { checkpoints, stale, onFailure, scheduler } = this.#options;
    const weight = weightOf(encoded.bySerialization[0]![1].bytes.byteLength);
    scheduler.writes.acquire(weight);
    try {
      const facts = { seconds, digestOf: this.digestOf, stale: stale.get(index), origin, lease };
      this.#recordSaved(index, await checkpoints!.save(index, encoded, facts));
    } catch (error) {
      if (isInstance(error, LeaseLostError)) return error;
      await onFailure(index, error);
      this.#options.onOver(index, false);
    } finally {
      scheduler.writes.release(weight);
    }
    return undefined;
  }

  /** Copies a checkpoint that was loaded to the layers before the one that it was in. */
  promote(index: number, found: CheckpointHit, encoding: SerializedValue): void {
    const { checkpoints, stale } = this.#options;
    void this.#track(index, checkpoints!.promote(index, found, encoding, stale.get(index)), encoding.bytes.byteLength);
  }

  #track(index: number, written: PromiseLike<void>, bytes: number): Promise<void> {
    const { scheduler, onFailure } = this.#options;
    const weight = weightOf(bytes);
    scheduler.writes.acquire(weight);
    const done = Promise.resolve(written)
      .catch(async (error: unknown) => {
        await onFailure(index, error);
        this.#options.onOver(index, false);
      })
      .then(() => scheduler.writes.release(weight));
    scheduler.track(done);
    return done;
  }

  #record(index: number, digest: string | undefined, facts: number): void {
    this.#digests[index] = digest;
    this.#facts[index]! |= facts;
  }

  #recordSaved(index: number, bytes: number): void {
    const { reporter, forced, keys } = this.#options;
    this.#facts[index]! |= inStorage;
    this.#options.onOver(index, true);
    forced?.markRenewed(keys.get(index));
    reporter.counters.saved++;
    reporter.counters.savedBytes += bytes;
    reporter.emit(index, (node) => ({ type: 'task-saved', node, bytes }));
  }
}

function weightOf(bytes: number): number {
  return 1 + Math.floor(bytes / bytesPerSlot);
}
