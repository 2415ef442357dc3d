import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import { isResultHandle, loadedValue, type ResultHandle, type StoredLocation } from '../executors/remote/result-handle';
import { type SecretHolder, storeRefs, UnstorableSecretError } from '../graph/stored-ref';
import type { EncodedForms, SerializedValue } from '../storage/result-codec';
import type { Attempt } from './attempt';
import type { ChangedInputs } from './changed-inputs';
import { encodeWithRefs, holdsRef } from './dynamic/refs-in-results';
import type { ExecutionParts } from './execution-parts';
import type { RemoteResults } from './remote-results';
import type { ResultSharing } from './result-sharing';
import type { TaskHooks } from './task-hooks';

/** What keeping results needs besides what all share. */
export interface ResultsParts extends ExecutionParts {
  readonly hooks: TaskHooks;
  readonly storedResults: RemoteResults;
  readonly outdated: ChangedInputs;
  readonly sharing: ResultSharing;
  /** An attempt turns out to have failed. */
  fail(attempt: Attempt, cause: unknown): void;
}

/** What a task made. */
interface TaskOutput {
  readonly attempt: Attempt;
  readonly result: unknown;
  readonly holdsRefs: boolean;
  readonly seconds: number;
}

/** An encoded result, undefined if it is not saved, and the value for consumers. */
interface EncodedOutput {
  readonly encoded: Awaitable<EncodedForms> | undefined;
  readonly settled: unknown;
  readonly holdsRefs: boolean;
}

/** Takes in what tasks give: sees to it that all get the same value, saves it, and hands it on. */
export class ResultPipeline {
  readonly #parts: ResultsParts;

  constructor(parts: ResultsParts) {
    this.#parts = parts;
  }

  /** A task gave a result: what others receive is what was serialised, whatever becomes of what the task has. */
  accept(attempt: Attempt, result: unknown): void {
    const { graph, checkpoints, scheduler, fail } = this.#parts;
    const { index, startedAt } = attempt;
    const seconds = (performance.now() - startedAt) / 1000;
    if (isResultHandle(result)) {
      const { stored } = result;
      scheduler.track(stored ? this.#receiveStored(attempt, result, stored) : this.#receive(attempt, result, seconds));
      return;
    }
    try {
      const { encoded, settled, holdsRefs } = this.#encodeUnlessSecret(index, result);
      const made = { attempt, result: settled, holdsRefs, seconds };
      if (isPromiseLike(encoded) || (checkpoints && graph.nodes[index]!.task.hasFingerprint))
        scheduler.track(this.#keepLater(made, encoded));
      else this.#keep(made, encoded as EncodedForms | undefined);
    } catch (error) {
      fail(attempt, error);
    }
  }

  /** Encodes like `#encode`, except that a result with an unstorable secret is not saved. */
  #encodeUnlessSecret(index: number, result: unknown): EncodedOutput {
    try {
      return this.#encode(index, result);
    } catch (error) {
      if (!isInstance(error, UnstorableSecretError)) throw error;
      this.#warnOfSecret(index, error.message);
      return { encoded: undefined, settled: this.#parts.sharing.settle(index, result), holdsRefs: true };
    }
  }

  #warnOfSecret(index: number, why: string): void {
    const { graph, warned, reporter } = this.#parts;
    const { task } = graph.nodes[index]!;
    if (warned.secrets.has(task.name)) return;
    warned.secrets.add(task.name);
    reporter.warn(index, `the result of ${task.name} is not saved: ${why}`);
  }

  #holder(index: number): SecretHolder {
    return this.#parts.graph.nodes[index]!;
  }

  /** Encodes a result that is to be saved. Gives what others receive, too, which is the same whatever happens meanwhile. */
  #encode(index: number, result: unknown): EncodedOutput {
    const { graph, checkpoints, sharing } = this.#parts;
    if (!graph.nodes[index]!.task.save || !checkpoints) {
      const holdsRefs = holdsRef(result);
      return { encoded: undefined, settled: sharing.settle(index, result), holdsRefs };
    }
    const encode = (value: unknown) => checkpoints.encode(index, value);
    if (!checkpoints.encodesAtOnce(index)) {
      const settled = sharing.settle(index, result);
      return { settled, ...encodeWithRefs(settled, this.#holder(index), encode) };
    }
    const { encoded, holdsRefs } = encodeWithRefs(result, this.#holder(index), encode);
    const isChecked = !isPromiseLike(encoded) && isCheckedCbor((encoded as EncodedForms).bySerialization[0]![1]);
    return { encoded, settled: sharing.settle(index, result, isChecked), holdsRefs };
  }

  /** A result comes from elsewhere, as bytes. */
  async #receive(attempt: Attempt, sent: ResultHandle, seconds: number): Promise<void> {
    const { graph, checkpoints, sharing, fail } = this.#parts;
    const { index } = attempt;
    const { holdsRefs, encoding } = sent;
    try {
      const result = await sent.load();
      if (sent.unsaved !== undefined && graph.nodes[index]!.task.save) this.#warnOfSecret(index, sent.unsaved);
      const isSaved = graph.nodes[index]!.task.save && sent.unsaved === undefined;
      const encoded =
        isSaved && checkpoints && encoding
          ? checkpoints.encodeSent(index, encoding, holdsRefs ? storeRefs(result, this.#holder(index)) : result)
          : undefined;
      sharing.settleOwn(index, result);
      await this.#keepLater({ attempt, result, holdsRefs, seconds }, encoded);
    } catch (error) {
      fail(attempt, error);
    }
  }

  /** A result comes as what lies in the storage already. It is loaded when somebody in this process needs it. */
  async #receiveStored(attempt: Attempt, handle: ResultHandle, stored: StoredLocation): Promise<void> {
    const { lineage, saves, storedResults, outdated, joins, fail } = this.#parts;
    const { index } = attempt;
    const { holdsRefs } = handle;
    const { isOutdated, wasThere, isSaved, seconds, digest } = stored;
    try {
      await storedResults.accept(index, handle);
      lineage.collect(index);
      const result = holdsRefs ? handle.loaded : handle;
      if (wasThere) return this.#wasThere(index, result, digest, holdsRefs);
      if (isOutdated) outdated.add(index);
      else if (isSaved) saves.recordSavedRemotely(index, stored);
      joins.end(index, { type: 'unsaved' });
      this.#done({ attempt, result, holdsRefs, seconds });
    } catch (error) {
      fail(attempt, error);
    }
  }

  /** Who was to run it found that it was saved meanwhile. */
  #wasThere(index: number, result: unknown, digest: string, holdsRefs: boolean): void {
    const { saves, reporter, joins, arrive } = this.#parts;
    joins.end(index, { type: 'saved' });
    saves.recordLoaded(index, digest, true);
    reporter.counters.loaded++;
    reporter.emit(index, (node) => ({ type: 'task-loaded', node, seconds: 0 }));
    arrive(index, result, holdsRefs);
  }

  async #keepLater(made: TaskOutput, encoding: Awaitable<EncodedForms | undefined>): Promise<void> {
    const { outdated, fail } = this.#parts;
    try {
      const encoded = await encoding;
      await outdated.check(made.attempt.index);
      this.#keep(made, encoded);
    } catch (error) {
      fail(made.attempt, error);
    }
  }

  #keep(made: TaskOutput, encoded: EncodedForms | undefined): void {
    const { lineage, saves, faults, scheduler, outdated, joins, fail } = this.#parts;
    const { attempt, holdsRefs, seconds } = made;
    const { index, lease } = attempt;
    const provenance = lineage.collect(index);
    const isOutdated = outdated.has(index);
    if (encoded) saves.recordComputed(index, encoded);
    if (encoded && provenance?.unsaved !== undefined) this.#warnOfSecret(index, provenance.unsaved);
    if (!encoded || isOutdated || provenance?.unsaved !== undefined || faults.doNotOverwrite.has(index)) {
      joins.end(index, { type: 'unsaved' });
      this.#done(made);
      return;
    }
    const origin = provenance || holdsRefs ? { provenance, holdsRefs } : undefined;
    if (lease) {
      // Nobody may see it before it is known that it is the one that counts.
      const saved = saves.saveWithLease(lease, index, encoded, seconds, origin);
      scheduler.track(saved.then((lost) => (lost ? fail(attempt, lost) : this.#done(made))));
      return;
    }
    const written = saves.save(index, encoded, seconds, origin);
    if (written) scheduler.track(written.then(() => this.#done(made)));
    else this.#done(made);
  }

  #done({ attempt, result, holdsRefs, seconds }: TaskOutput): void {
    const { graph, reporter, directories, scheduler, hooks, sharing, arrive } = this.#parts;
    const { index, lease } = attempt;
    const node = graph.nodes[index]!;
    void lease?.release();
    reporter.counters.ran++;
    reporter.emit(index, (info) => ({ type: 'task-finished', node: info, seconds }));
    if (node.task.hasDirectory) directories.discardIfUnneeded(node, result);
    if (node.task.hasCheckpoint) scheduler.track(hooks.checkpoint(index, sharing.forHook(index, loadedValue(result))));
    arrive(index, result, holdsRefs);
  }
}

/** Whether a result was written as CBOR, which has no accessors, symbols, hidden properties or holes. */
function isCheckedCbor({ serializer, format }: SerializedValue): boolean {
  return serializer === 'cbor' && format.startsWith('cbor');
}
