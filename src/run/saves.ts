import { type Awaitable, isPromiseLike } from '../awaitable';
import type { EncodedResult, Encoding } from '../storage/encode';
import type { Found } from '../storage/layers';
import type { Checkpoints, Origin } from './checkpoints';
import type { Reporter } from './reporter';
import type { Scheduler } from './scheduler';

/** What saving needs to know of the run. */
export interface SavesOptions {
  /** Undefined when nothing is saved. */
  readonly checkpoints: Checkpoints | undefined;
  readonly reporter: Reporter;
  readonly scheduler: Scheduler;
  /** Checkpoints that do not count any more, by node. */
  readonly stale: ReadonlyMap<number, readonly Found[]>;
  readonly onFailure: (index: number, error: unknown) => Awaitable<void>;
}

/** So that what is on its way takes some 64 MiB at most, and one more. */
const bytesPerSlot = 65_536;

/** Writes results to storage, beside the run; the digests that identify them. */
export class Saves {
  readonly #options: SavesOptions;
  /** Of results that were saved or loaded; of those computed in this run, also in `#ranAnew`. */
  readonly #digests = new Map<number, string>();
  readonly #ranAnew = new Set<number>();

  constructor(options: SavesOptions) {
    this.#options = options;
  }

  /** The digest of a result, when it was encoded or loaded. */
  readonly digestOf = (index: number): string | undefined => this.#digests.get(index);

  /** Whether a result was computed and encoded in this run. */
  ranAnew(index: number): boolean {
    return this.#ranAnew.has(index);
  }

  noteLoaded(index: number, digest: string): void {
    this.#digests.set(index, digest);
  }

  /** A result held refs: what these led to is part of what identifies it. */
  noteResolved(index: number, digest: string | undefined, ranAnew: boolean): void {
    if (digest === undefined) this.#digests.delete(index);
    else this.#digests.set(index, digest);
    if (ranAnew) this.#ranAnew.add(index);
  }

  noteRan(index: number, { digest }: EncodedResult): void {
    this.#digests.set(index, digest);
    this.#ranAnew.add(index);
  }

  /** Writes a result. Gives a promise when others may only see it after that, since its bytes are its own memory. */
  save(index: number, encoded: EncodedResult, seconds: number, origin: Origin | undefined): Promise<void> | undefined {
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
        this.#saved(index, written);
        return undefined;
      }
      const done = this.#track(
        index,
        written.then((size) => this.#saved(index, size)),
        encoded.bySerialization[0]![1].bytes.byteLength,
      );
      return encoded.bySerialization.some(([, { isView }]) => isView) ? done : undefined;
    } catch (error) {
      void this.#options.onFailure(index, error);
      return undefined;
    }
  }

  /** Copies a checkpoint that was loaded to the layers before the one that it was in. */
  promote(index: number, found: Found, encoding: Encoding): void {
    const { checkpoints, stale } = this.#options;
    void this.#track(index, checkpoints!.promote(index, found, encoding, stale.get(index)), encoding.bytes.byteLength);
  }

  #track(index: number, written: PromiseLike<void>, bytes: number): Promise<void> {
    const { scheduler, onFailure } = this.#options;
    const weight = 1 + Math.floor(bytes / bytesPerSlot);
    scheduler.writes.take(weight);
    const done = Promise.resolve(written)
      .catch((error: unknown) => onFailure(index, error))
      .then(() => scheduler.writes.release(weight));
    scheduler.track(done);
    return done;
  }

  #saved(index: number, bytes: number): void {
    const { reporter } = this.#options;
    reporter.tally.saved++;
    reporter.tally.savedBytes += bytes;
    reporter.emit(index, (node) => ({ type: 'task-saved', node, bytes }));
  }
}
