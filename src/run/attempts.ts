import { type Awaitable, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import { SentResult } from '../executors/sent-result';
import { pathTo } from '../graph/graph';
import { type GraphNode, ownDirectory } from '../graph/node';
import { toStored } from '../graph/stored-ref';
import { fill } from '../graph/structure';
import type { EncodedResult } from '../storage/encode';
import { AttemptContext } from './attempt-context';
import { encodeWithRefs } from './encode-with-refs';
import type { ExecutionParts } from './execution-parts';
import { TaskFailedError } from './failure';
import { holdsRef } from './holds-ref';
import type { Hooks } from './hooks';
import { Outdated } from './outdated';
import type { Retries } from './retries';
import { withTimeout } from './timeout';

/** What running needs besides what all share. */
export interface AttemptsParts extends ExecutionParts {
  readonly hooks: Hooks;
  readonly retries: Retries;
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

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    this.#outdated = new Outdated(parts);
  }

  run(index: number): Awaitable<void> {
    const { graph, container, fingerprints, reporter, signal, laneOf, directories, retries } = this.#parts;
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
    const start = performance.now();
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const requirements = node.requirements.map((template) =>
        template === ownDirectory
          ? directories.make(node, reporter.keyOf(index), this.#goesOnWithout)
          : fill(template, this.#resultOf),
      );
      const execute = (until: AbortSignal) => {
        const context = new AttemptContext(node, attempt, until, reporter);
        return laneOf(node).executor.execute({ node, requirements, context, container });
      };
      const { timeout } = node.task.options;
      const result = timeout === undefined ? execute(signal) : withTimeout(timeout, signal, execute);
      if (!isPromiseLike(result)) return this.#ran(index, attempt, result, start);
      // What is only like a promise may give nothing from then(), or call back twice.
      return Promise.resolve(result).then(
        (value) => this.#ran(index, attempt, value, start),
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
    const willRetry = mayRetry && !state.isEnding && !fingerprints.failed.has(index) && retries.allows(node, attempt);
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (willRetry) retries.later(node, attempt, () => this.#giveUp(index, error));
    else this.#giveUp(index, error);
  }

  /** A task failed for good: what needs it is skipped. */
  #giveUp(index: number, error: TaskFailedError): void {
    const { reporter, state, skip, frontier } = this.#parts;
    reporter.tally.failed++;
    skip(frontier.fail(index));
    state.fail(error);
  }

  /** Whether a task whose directory cannot be kept has one all the same; its result is not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#parts.faults.take(index, error);
    return !this.#parts.state.fatal;
  };

  readonly #resultOf = (node: GraphNode): unknown => this.#parts.frontier.resultOf(node.index);

  /** A task gave a result: it is serialised before anyone receives it, so that all see the same value. */
  #ran(index: number, attempt: number, result: unknown, start: number): void {
    const { graph, checkpoints, scheduler } = this.#parts;
    const { task } = graph.nodes[index]!;
    const seconds = (performance.now() - start) / 1000;
    if (result instanceof SentResult) {
      scheduler.track(this.#receive(index, attempt, result, seconds));
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
      else this.#keep(made, encoded as EncodedResult | undefined);
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
      this.#keep(made, encoded);
    } catch (error) {
      this.fail(made.index, error, attempt);
    }
  }

  #keep(made: Made, encoded: EncodedResult | undefined): void {
    const { lineage, saves, faults, scheduler } = this.#parts;
    const { index, holdsRefs, seconds } = made;
    const provenance = lineage.gather(index);
    const isOutdated = this.#outdated.has(index);
    if (encoded) {
      saves.noteRan(index, encoded);
      if (!isOutdated && !faults.untouchable.has(index)) {
        const origin = provenance || holdsRefs ? { provenance, holdsRefs } : undefined;
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
    reporter.tally.ran++;
    reporter.emit(index, (info) => ({ type: 'task-finished', node: info, seconds }));
    if (node.task.hasDirectory) directories.done(node, result);
    if (node.task.hasCheckpoint) scheduler.track(hooks.checkpoint(index, result));
    arrive(index, result, holdsRefs);
  }
}
