import { type Awaitable, andThen } from '../awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../error';
import type { GraphNode } from '../graph/node';
import { isSavedHere } from '../storage/checkpoint-writer';
import type { Entry } from '../storage/entry';
import type { Found } from '../storage/layers';
import { asSaved, refuseOtherParams } from '../storage/own-key';
import { StorageError } from '../storage/storage-error';
import type { TaskKey } from '../task/context';
import type { TaskDefinition } from '../task/definition';
import type { Namesakes } from '../task/namesakes';
import type { CheckpointsOptions } from './checkpoints-options';
import { SeenMarks } from './marks';
import { type ParamsOf, Provenance, paramsIn, type Refs } from './provenance';

const wasCleared = 'it, or something that it came from, was cleared';
const lostMarks = 'the storage has lost what was cleared since it was saved';

/** Tells whether the checkpoints of one run's nodes still count. */
export class Staleness {
  /** Paths of directories that are not here, by the nodes whose checkpoints do not count for that reason. */
  readonly lost = new Map<number, string>();
  readonly #options: CheckpointsOptions;
  readonly #seen: SeenMarks;

  constructor(options: CheckpointsOptions, seen: SeenMarks) {
    this.#options = options;
    this.#seen = seen;
  }

  /**
   * Why a checkpoint does not count; undefined when it does.
   *
   * @throws {DeclarationError} when a key of the task's own making has led to the result of other params
   */
  whyOf(index: number, { from, entry }: Found): Awaitable<string | undefined> {
    const isOfEpoch = this.#options.marks.epochs.has(from.layer, entry.marks);
    if (isOfEpoch === true) return this.#whyBesides(index, entry);
    return andThen(isOfEpoch, (isNow) => (isNow ? this.#whyBesides(index, entry) : lostMarks));
  }

  #whyBesides(index: number, entry: Entry): Awaitable<string | undefined> {
    if (!this.#seen.areSeenBy(index, entry.marks)) return wasCleared;
    const node = this.#options.graph.nodes[index]!;
    if (node.task.options.key)
      refuseOtherParams(
        { task: node.task, key: entry.key, shown: String(node) },
        entry.toRecord().params,
        asSaved(node),
        node.given,
      );
    if (this.#options.rerunsChangedSource && entry.source !== node.task.source)
      return 'the source of its class changed';
    if (node.task.namesakes?.areSeveral && isOfNamesake(node.task, node.task.namesakes, entry))
      return `another class called ${node.task.name} saved it`;
    const missing = entry.directories.length > 0 ? this.#options.directories.missing(entry) : undefined;
    if (missing !== undefined) {
      this.lost.set(index, missing);
      return `its directory ${missing} is not there`;
    }
    return entry.isDynamic ? this.#whyByRefs(entry) : undefined;
  }

  /** The refs in a result's dynamic ancestors, with their secrets restored. @throws {TidemarkError} when a secret is unknown */
  async #refsOf(provenance: Provenance): Promise<Refs> {
    const given = [paramsIn(this.#options.graph, this.#options.keys)];
    for (let before = -1; ; ) {
      const known = provenance.refs((key) => firstOf(given, key));
      if (known.length === provenance.refCount) return known;
      if (known.length === before) throw new TidemarkError('this run was not given a secret of these refs');
      before = known.length;
      // The requirements of these refs may hold further secrets.
      const { graph, keys } = await this.#options.prepare(known.map(([, ref]) => ref));
      given.push(paramsIn(graph, keys));
    }
  }

  /** Likewise, by the refs that were in results that it came from: their keys may be others today. */
  async #whyByRefs(entry: Entry): Promise<string | undefined> {
    try {
      const known = await this.#refsOf(Provenance.of(entry));
      if (known.length === 0) return undefined;
      const { graph, keys } = await this.#options.prepare(known.map(([, ref]) => ref));
      const marks = await SeenMarks.read({ ...this.#options, graph, keys });
      for (const [i, [key]] of known.entries()) {
        const { index } = (graph.target as readonly GraphNode[])[i]!;
        if (keys.of(index) !== key) return `it came from ${key}, which has another key today`;
        if (!marks.areSeenBy(index, entry.marks)) return wasCleared;
      }
      const { forced } = this.#options;
      const task = forced && !forced.isRenewed(entry.key) ? forced.taskIn(graph) : undefined;
      return task && `it came from ${task.name}, which is forced`;
    } catch (error) {
      if (isInstance(error, StorageError)) throw error;
      return `it came from a result with refs that cannot be followed today: ${describeError(error)}`;
    }
  }
}

function firstOf(given: readonly ParamsOf[], key: TaskKey): ReturnType<ParamsOf> {
  for (const paramsOf of given) {
    const params = paramsOf(key);
    if (params) return params;
  }
  return undefined;
}

/** Whether a checkpoint may hold the result of another class, as far as this process knows. */
function isOfNamesake({ cls }: TaskDefinition, namesakes: Namesakes, entry: Entry): boolean {
  return isSavedHere(entry) && namesakes.mayBeOfOther(cls, entry, entry.savedAt);
}
