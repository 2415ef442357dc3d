import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import { type Lease, LeaseLostError } from '../storage/leases/lease';
import type { EncodedForms, SerializedValue } from '../storage/result-codec';
import type { CheckpointHit } from '../storage/storage-stack';
import type { TaskOutput } from './attempt';
import type { Origin } from './checkpoints';
import type { NodeCheckpoints } from './decide';
import type { NodeProvenances } from './dynamic/provenance';
import type { ResultEncoder } from './encode-result';
import type { Joins } from './join/joins';
import type { NodeStates } from './node-states';
import type { PendingWork } from './pending-work';
import type { RunContext, RunGraph } from './run-context';
import type { StorageErrorPolicy } from './storage-error-policy';

/** The dependencies of a result writer. */
export interface ResultWriterParts {
  readonly run: Pick<RunContext, 'forced'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly known: NodeCheckpoints;
  readonly provenances: NodeProvenances;
  readonly encoder: ResultEncoder;
  readonly work: PendingWork;
  readonly policy: StorageErrorPolicy;
  readonly joins: Joins;
}

/** Limits pending writes to about 64 MiB, plus one result. */
const bytesPerSlot = 65_536;

/** Writes results to storage while the run goes on. */
export class ResultWriter {
  readonly #parts: ResultWriterParts;

  constructor(parts: ResultWriterParts) {
    this.#parts = parts;
  }

  /**
   * Saves the result of a saved task.
   *
   * @returns a promise when the result must not be published before the write. It rejects with a LeaseLostError when
   *   another process has taken over the key: then nothing was written
   */
  save({ attempt, holdsRefs, seconds }: TaskOutput, encoded: EncodedForms | undefined): Promise<void> | undefined {
    const { states, provenances, encoder } = this.#parts;
    const { index, lease } = attempt;
    const provenance = provenances.collect(index);
    const hasChangedInputs = states.facts.hasChangedInputs(index);
    if (encoded) states.facts.recordComputed(index, encoded.digest);
    if (encoded && provenance?.unsaved !== undefined) encoder.warnOfSecret(index, provenance.unsaved);
    if (!encoded || hasChangedInputs || provenance?.unsaved !== undefined || states.facts.isProtected(index)) {
      this.#recordUnsaved(index);
      return undefined;
    }
    const origin = provenance || holdsRefs ? { provenance, holdsRefs } : undefined;
    // With a lease, the result must not be published before the write has confirmed the lease.
    if (lease) return this.#writeWithLease(lease, index, encoded, seconds, origin);
    return this.#write(index, encoded, seconds, origin);
  }

  /** Copies a loaded checkpoint to the layers before its own. */
  promote(index: number, found: CheckpointHit, encoding: SerializedValue): void {
    const { graph, known } = this.#parts;
    const stale = known.stale.get(index);
    void this.#track(index, graph.checkpoints!.promote(index, found, encoding, stale), encoding.bytes.byteLength);
  }

  /** Records a result that is in the storage. @param isNew true when it was computed since this run began */
  recordLoaded(index: number, digest: string, isNew: boolean): void {
    this.#parts.joins.end(index, { type: 'saved' });
    this.#parts.states.facts.recordLoaded(index, digest, isNew);
  }

  /** Records that a worker saved the result of a task, or, when undefined, did not save it. */
  recordSavedRemotely(index: number, saved: { readonly digest: string; readonly size: number } | undefined): void {
    const { states, provenances } = this.#parts;
    provenances.collect(index);
    if (saved) {
      states.facts.recordComputed(index, saved.digest);
      this.#recordSaved(index, saved.size);
    } else this.#recordUnsaved(index);
  }

  /** Records that a worker found the result of a task already saved. */
  recordFound(index: number, digest: string): void {
    this.#parts.provenances.collect(index);
    this.recordLoaded(index, digest, true);
  }

  /** Writes a result. Returns a promise when it must not be published before, since its bytes share its memory. */
  #write(index: number, encoded: EncodedForms, seconds: number, origin: Origin | undefined): Promise<void> | undefined {
    if (!this.#parts.graph.checkpoints?.isSaving) return undefined;
    try {
      const written = this.#saveCheckpoint(index, encoded, seconds, origin);
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
      void this.#parts.policy.handle(index, error);
      this.#recordUnsaved(index);
      return undefined;
    }
  }

  /** Writes a result under its lease. @throws {LeaseLostError} when the lease is lost */
  async #writeWithLease(
    lease: Lease,
    index: number,
    encoded: EncodedForms,
    seconds: number,
    origin: Origin | undefined,
  ): Promise<void> {
    const { writes } = this.#parts.work;
    const weight = weightOf(encoded.bySerialization[0]![1].bytes.byteLength);
    writes.acquire(weight);
    try {
      this.#recordSaved(index, await this.#saveCheckpoint(index, encoded, seconds, origin, lease));
    } catch (error) {
      if (isInstance(error, LeaseLostError)) throw error;
      await this.#recordFailure(index, error);
    } finally {
      writes.release(weight);
    }
  }

  #saveCheckpoint(
    index: number,
    encoded: EncodedForms,
    seconds: number,
    origin: Origin | undefined,
    lease?: Lease,
  ): Awaitable<number> {
    const { graph, states, known } = this.#parts;
    const stale = known.stale.get(index);
    return graph.checkpoints!.save(index, encoded, { seconds, digestOf: states.facts.digestOf, stale, origin, lease });
  }

  #track(index: number, written: PromiseLike<void>, bytes: number): Promise<void> {
    const { work } = this.#parts;
    const weight = weightOf(bytes);
    work.writes.acquire(weight);
    const done = Promise.resolve(written)
      .catch((error: unknown) => this.#recordFailure(index, error))
      .then(() => work.writes.release(weight));
    work.track(done);
    return done;
  }

  async #recordFailure(index: number, error: unknown): Promise<void> {
    await this.#parts.policy.handle(index, error);
    this.#recordUnsaved(index);
  }

  #recordUnsaved(index: number): void {
    this.#parts.joins.end(index, { type: 'unsaved' });
  }

  #recordSaved(index: number, bytes: number): void {
    const { run, graph, states, joins } = this.#parts;
    const { reporter, keys } = graph;
    states.facts.recordSaved(index);
    joins.end(index, { type: 'saved' });
    run.forced?.markRenewed(keys.get(index));
    reporter.counters.saved++;
    reporter.counters.savedBytes += bytes;
    reporter.emit(index, (node) => ({ type: 'task-saved', node, bytes }));
  }
}

function weightOf(bytes: number): number {
  return 1 + Math.floor(bytes / bytesPerSlot);
}
