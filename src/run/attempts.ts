import { type Awaitable, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import { SentResult } from '../executors/sent-result';
import type { SharedResults } from '../executors/shared-results';
import { StoredResult } from '../executors/stored-result';
import { pathTo } from '../graph/graph';
import { type GraphNode, ownDirectory } from '../graph/node';
import { toStored } from '../graph/stored-ref';
import { fill } from '../graph/structure';
import type { EncodedResult } from '../storage/encode';
import type { Lease } from '../storage/lease/lease';
import { LeaseLostError } from '../storage/lease/lease-lost-error';
import { AttemptContext } from './attempt-context';
import { AttemptListener } from './attempt-listener';
import { encodeWithRefs } from './encode-with-refs';
import type { ExecutionParts } from './execution-parts';
import { TaskFailedError } from './failure';
import { holdsRef } from './holds-ref';
import type { Hooks } from './hooks';
import { Outdated } from './outdated';
import type { Retries } from './retries';
import { loadedValue, type StoredResults } from './stored-results';
import { withTimeout } from './timeout';

/** What running needs besides what all share. */
export interface AttemptsParts extends ExecutionParts {
  readonly hooks: Hooks;
  readonly retries: Retries;
  readonly storedResults: StoredResults;
}

/** What a task made. */
interface Made {
  readonly index: number;
  readonly result: unknown;
  readonly holdsRefs: boolean;
  readonly seconds: number;
}

/** Runs nodes: fills in what they require, has an executor run them, keeps what they give, or tries again. */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #outdated: Outdated;
  /** Of nodes that only one process may compute at a time. */
  readonly #leases = new Map<number, Lease>();

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    this.#outdated = new Outdated(parts);
  }

  /** @param lease the right to compute the node's key; let go of when the attempt is over */
  run(index: number, lease?: Lease): Awaitable<void> {
    const { graph, container, fingerprints, reporter, laneOf, directories, retries, storedResults } = this.#parts;
    if (lease) this.#leases.set(index, lease);
    const signal = lease ? AbortSignal.any([this.#parts.signal, lease.signal]) : this.#parts.signal;
    const node = graph.nodes[index]!;
    const attempt = retries.begin(node);
    reporter.emit(index, (info) => ({
      type: 'task-started',
      node: info,
      attempt,
      queue: node.task.queue,
      executor: laneOf(node).executor.name,
      requires: reporter.requiredBy(index),
    }));
    const listener = new AttemptListener(index, reporter);
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const { executor } = laneOf(node);
      const resultOf = storedResults.resultsFor(node);
      const requirements = node.requirements.map((template) =>
        template === ownDirectory
          ? directories.make(node, reporter.keyOf(index), this.#goesOnWithout)
          : fill(template, resultOf),
      );
      const shared = executor.sharesStorage ? this.#sharedFor(index) : undefined;
      const execute = (until: AbortSignal) => {
        const context = new AttemptContext(node, attempt, until, reporter);
        return executor.execute({ node, requirements, context, container, shared, listener });
      };
      const { timeout } = node.task.options;
      const result =
        timeout === undefined
          ? execute(signal)
          : withTimeout(timeout, signal, execute, executor.tellsStart ? listener : undefined);
      if (!isPromiseLike(result)) return this.#ran(index, attempt, result, listener.startedAt);
      // What is only like a promise may give nothing from then(), or call back twice.
      return Promise.resolve(result).then(
        (value) => this.#ran(index, attempt, value, listener.startedAt),
        (error) => this.fail(index, error, attempt),
      );
    } catch (error) {
      return this.fail(index, error, attempt);
    }
  }

  /** An attempt failed. */
  fail(index: number, cause: unknown, attempt: number, mayRetry = true): void {
    const { graph, reporter, fingerprints, state, directories, retries, path } = this.#parts;
    const node = graph.nodes[index]!;
    if (node.task.hasDirectory) directories.discard(node);
    const error = new TaskFailedError({
      node,
      key: reporter.keyOf(index),
      requiredBy: [...path, ...pathTo(graph, index).slice(0, -1)],
      attempts: attempt,
      cause,
    });
    const isLost = (this.#letGo(index) || cause instanceof LeaseLostError) && !this.#parts.signal.aborted;
    const mayTry = isLost || (mayRetry && !fingerprints.failed.has(index) && retries.allows(node, attempt));
    const willRetry = mayTry && !state.isEnding;
    if (!willRetry) {
      this.#giveUp(index, error);
      return;
    }
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (isLost) retries.again(node);
    else retries.later(node, attempt, () => this.#giveUp(index, error));
  }

  /** An attempt is over. Gives whether its lease was lost: then somebody else computes the key. */
  #letGo(index: number): boolean {
    const lease = this.#leases.get(index);
    if (!lease) return false;
    this.#leases.delete(index);
    void lease.release();
    return lease.signal.aborted;
  }

  /** A task failed for good: what needs it is skipped. */
  #giveUp(index: number, error: TaskFailedError): void {
    const { reporter, state, skip, frontier } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-failed', node, error, willRetry: false }));
    reporter.tally.failed++;
    skip(frontier.fail(index));
    state.fail(error);
  }

  /** Whether a task whose directory cannot be kept has one all the same; its result is not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#parts.faults.take(index, error);
    return !this.#parts.state.fatal;
  };

  /** A task gave a result: it is serialised before anyone receives it, so that all see the same value. */
  #ran(index: number, attempt: number, result: unknown, start: number): void {
    const { graph, checkpoints, scheduler } = this.#parts;
    const { task } = graph.nodes[index]!;
    const seconds = (performance.now() - start) / 1000;
    if (result instanceof SentResult) {
      scheduler.track(this.#receive(index, attempt, result, seconds));
      return;
    }
    if (result instanceof StoredResult) {
      scheduler.track(this.#receiveStored(index, attempt, result));
      return;
    }
    try {
      const { encoded, holdsRefs } =
        task.save && checkpoints
          ? encodeWithRefs(result, (value) => checkpoints.encode(index, value))
          : { encoded: undefined, holdsRefs: holdsRef(result) };
      const made = { index, result, holdsRefs, seconds };
      this.#settle(index, result);
      if (isPromiseLike(encoded) || (checkpoints && task.hasFingerprint))
        scheduler.track(this.#keepLater(made, attempt, encoded));
      else this.#keep(made, attempt, encoded as EncodedResult | undefined);
    } catch (error) {
      this.fail(index, error, attempt);
    }
  }

  /** A result comes from elsewhere, as bytes. */
  async #receive(index: number, attempt: number, sent: SentResult, seconds: number): Promise<void> {
    const { graph, checkpoints } = this.#parts;
    const { holdsRefs, encoding } = sent;
    try {
      const result = await sent.value();
      const isSaved = graph.nodes[index]!.task.save && checkpoints;
      const encoded = isSaved
        ? checkpoints.encodeSent(index, encoding, holdsRefs ? toStored(result) : result)
        : undefined;
      this.#settle(index, result);
      await this.#keepLater({ index, result, holdsRefs, seconds }, attempt, encoded);
    } catch (error) {
      this.fail(index, error, attempt);
    }
  }

  /** A result comes as what lies in the storage already. It is loaded when somebody in this process needs it. */
  async #receiveStored(index: number, attempt: number, stored: StoredResult): Promise<void> {
    const { lineage, saves, storedResults } = this.#parts;
    const { isOutdated, wasThere, isSaved, holdsRefs, seconds } = stored;
    try {
      await storedResults.take(index, stored);
      lineage.gather(index);
      const result = holdsRefs ? stored.value : stored;
      if (wasThere) return this.#wasThere(index, result, stored);
      if (isOutdated) this.#outdated.add(index);
      else if (isSaved) saves.savedElsewhere(index, stored);
      this.#done({ index, result, holdsRefs, seconds });
    } catch (error) {
      this.fail(index, error, attempt);
    }
  }

  /** Who was to run it found that it was saved meanwhile. */
  #wasThere(index: number, result: unknown, { digest, holdsRefs }: StoredResult): void {
    const { saves, reporter, arrive } = this.#parts;
    saves.noteLoaded(index, digest);
    reporter.tally.loaded++;
    reporter.emit(index, (node) => ({ type: 'task-loaded', node, seconds: 0 }));
    arrive(index, result, holdsRefs);
  }

  /** What an executor has to know that keeps results in the storage itself. */
  #sharedFor(index: number): SharedResults {
    const { runId, layers, saves, fingerprints, isForced } = this.#parts;
    return {
      runId,
      layers,
      facts: this.#factsOf(index),
      fingerprint: fingerprints.known.get(index),
      isForced: isForced(index),
      savedAs: ({ index: required }) => saves.savedAs(required),
    };
  }

  /** What the record of a node is to say; undefined when its result is not saved. */
  #factsOf(index: number): SharedResults['facts'] {
    const { checkpoints, graph, saves, lineage, faults, fingerprints } = this.#parts;
    if (!checkpoints?.isSaving || !graph.nodes[index]!.task.save || fingerprints.isKeyless(index)) return undefined;
    if (faults.untouchable.has(index) || this.#outdated.has(index)) return undefined;
    const provenance = lineage.gather(index);
    const origin = provenance && { provenance, holdsRefs: false };
    return checkpoints.factsOf(index, { digestOf: saves.digestOf, origin }, 0);
  }

  /** Makes a result fit for others to see. */
  #settle(index: number, result: unknown): void {
    if (typeof result !== 'object' || result === null) return;
    const { graph, checkpoints, freezes, frontier } = this.#parts;
    const isSaved = checkpoints && graph.nodes[index]!.task.save;
    if (freezes && (isSaved || frontier.hasSeveralUsers(index))) deepFreeze(result);
  }

  async #keepLater(made: Made, attempt: number, encoding: Awaitable<EncodedResult | undefined>): Promise<void> {
    try {
      const encoded = await encoding;
      await this.#outdated.check(made.index);
      this.#keep(made, attempt, encoded);
    } catch (error) {
      this.fail(made.index, error, attempt);
    }
  }

  #keep(made: Made, attempt: number, encoded: EncodedResult | undefined): void {
    const { lineage, saves, faults, scheduler } = this.#parts;
    const { index, holdsRefs, seconds } = made;
    const provenance = lineage.gather(index);
    const isOutdated = this.#outdated.has(index);
    if (encoded) {
      saves.noteRan(index, encoded);
      if (!isOutdated && !faults.untouchable.has(index)) {
        const origin = provenance || holdsRefs ? { provenance, holdsRefs } : undefined;
        const lease = this.#leases.get(index);
        if (lease) {
          // Nobody may see it before it is known that it is the one that counts.
          const saved = saves.saveBy(lease, index, encoded, seconds, origin);
          scheduler.track(saved.then((lost) => (lost ? this.fail(index, lost, attempt) : this.#done(made))));
          return;
        }
        const written = saves.save(index, encoded, seconds, origin);
        if (written) {
          scheduler.track(written.then(() => this.#done(made)));
          return;
        }
      }
    }
    this.#done(made);
  }

  #done({ index, result, holdsRefs, seconds }: Made): void {
    const { graph, reporter, directories, scheduler, hooks, arrive } = this.#parts;
    const node = graph.nodes[index]!;
    this.#letGo(index);
    reporter.tally.ran++;
    reporter.emit(index, (info) => ({ type: 'task-finished', node: info, seconds }));
    if (node.task.hasDirectory) directories.done(node, result);
    if (node.task.hasCheckpoint) scheduler.track(hooks.checkpoint(index, loadedValue(result)));
    arrive(index, result, holdsRefs);
  }
}
