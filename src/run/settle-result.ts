import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import { isResultHandle, loadedValue, type ResultHandle, type StoredLocation } from '../executors/remote/result-handle';
import type { EncodedForms } from '../storage/result-codec';
import type { Attempt, TaskOutput } from './attempt';
import type { ResultDelivery } from './dynamic/deliver-result';
import type { EncodedOutput, ResultEncoder } from './encode-result';
import type { NodeStates } from './node-states';
import type { PendingWork } from './pending-work';
import { fingerprint } from './prepare-graph';
import type { RemoteResults } from './remote-results';
import type { ResultSharing } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';
import type { ResultWriter } from './save-result';
import type { TaskHooks } from './task-hooks';

/** The dependencies of a result publisher. */
interface ResultPublisherParts {
  readonly run: Pick<RunContext, 'directories'>;
  readonly graph: RunGraph;
  readonly sharing: ResultSharing;
  readonly hooks: TaskHooks;
  readonly work: PendingWork;
  readonly delivery: ResultDelivery;
}

/** Publishes final results: to events, hooks and dependents. */
export class ResultPublisher {
  readonly #parts: ResultPublisherParts;

  constructor(parts: ResultPublisherParts) {
    this.#parts = parts;
  }

  /** Publishes the result of a task, which is saved as far as necessary. */
  publish({ attempt, value, holdsRefs, seconds }: TaskOutput): void {
    const { run, graph, sharing, hooks, work, delivery } = this.#parts;
    const { index, lease } = attempt;
    const { reporter } = graph;
    const node = graph.graph.nodes[index]!;
    void lease?.release();
    reporter.counters.ran++;
    reporter.emit(index, (info) => ({ type: 'task-finished', node: info, seconds }));
    if (node.task.hasDirectory) run.directories.discardIfUnneeded(node, value);
    if (node.task.hasCheckpoint) work.track(hooks.checkpoint(index, sharing.forHook(index, loadedValue(value))));
    delivery.deliver(index, value, holdsRefs);
  }

  /** Publishes a result that a worker found in the storage. */
  publishFound(index: number, value: unknown, holdsRefs: boolean): void {
    this.#parts.graph.reporter.loaded(index, 0);
    this.#parts.delivery.deliver(index, value, holdsRefs);
  }
}

/** The dependencies of a result pipeline. */
interface ResultPipelineParts {
  readonly run: Pick<RunContext, 'container' | 'scope' | 'call'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly encoder: ResultEncoder;
  readonly remote: RemoteResults;
  readonly writer: ResultWriter;
  readonly publisher: ResultPublisher;
}

/** The pipeline from a task's return value to its dependents: accept, encode, save, publish. */
export class ResultPipeline {
  readonly #parts: ResultPipelineParts;

  constructor(parts: ResultPipelineParts) {
    this.#parts = parts;
  }

  /**
   * Accepts the return value of a task. An error here fails the task.
   *
   * @returns a promise when the result is published later
   */
  accept(attempt: Attempt, result: unknown): Awaitable<void> {
    const seconds = (performance.now() - attempt.startedAt) / 1000;
    if (isResultHandle(result)) {
      const { stored } = result;
      return stored ? this.#acceptStored(attempt, result, stored) : this.#acceptSent(attempt, result, seconds);
    }
    const output = this.#parts.encoder.encode(attempt.index, result);
    return this.#settle(attempt, output, seconds);
  }

  /** Accepts a result that arrived as bytes. */
  async #acceptSent(attempt: Attempt, sent: ResultHandle, seconds: number): Promise<void> {
    const output = await this.#parts.encoder.encodeSent(attempt.index, sent);
    await this.#settle(attempt, output, seconds);
  }

  /** Accepts a result that is already in the storage. It is loaded when this process needs it. */
  async #acceptStored(attempt: Attempt, handle: ResultHandle, stored: StoredLocation): Promise<void> {
    const { remote, writer, publisher } = this.#parts;
    const { index } = attempt;
    const { holdsRefs } = handle;
    const { isOutdated, wasThere, isSaved, seconds } = stored;
    await remote.accept(index, handle);
    const value = holdsRefs ? handle.loaded : handle;
    if (wasThere) {
      writer.recordFound(index, stored.digest);
      return publisher.publishFound(index, value, holdsRefs);
    }
    if (isOutdated) this.#recordChangedInputs(index);
    writer.recordSavedRemotely(index, isSaved && !isOutdated ? stored : undefined);
    publisher.publish({ attempt, value, holdsRefs, seconds });
  }

  #settle(attempt: Attempt, { encoded, value, holdsRefs }: EncodedOutput, seconds: number): Awaitable<void> {
    const { graph, checkpoints } = this.#parts.graph;
    const output = { attempt, value, holdsRefs, seconds };
    if (isPromiseLike(encoded) || (checkpoints && graph.nodes[attempt.index]!.task.hasFingerprint))
      return this.#finishLater(output, encoded);
    return this.#finish(output, encoded as EncodedForms | undefined);
  }

  async #finishLater(output: TaskOutput, encoding: Awaitable<EncodedForms> | undefined): Promise<void> {
    const encoded = await encoding;
    await this.#checkInputs(output.attempt.index);
    await this.#finish(output, encoded);
  }

  #finish(output: TaskOutput, encoded: EncodedForms | undefined): Awaitable<void> {
    const { writer, publisher } = this.#parts;
    return andThen(writer.save(output, encoded), () => publisher.publish(output));
  }

  /** Computes the fingerprint of a task again after it ran: its input may have changed in the meantime. */
  async #checkInputs(index: number): Promise<void> {
    const { run, graph } = this.#parts;
    const node = graph.graph.nodes[index]!;
    if (!node.task.hasFingerprint) return;
    const now = await run.scope.enter(() => fingerprint(node, run.container, run.call));
    if (now !== graph.fingerprints.known.get(index)) this.#recordChangedInputs(index);
  }

  #recordChangedInputs(index: number): void {
    const { graph, states } = this.#parts;
    states.facts.recordChangedInputs(index);
    graph.reporter.warn(
      index,
      `what ${graph.graph.nodes[index]} reads changed while it ran (its fingerprint is another one now): its result is used, but neither that nor what comes from it is saved`,
    );
  }
}
