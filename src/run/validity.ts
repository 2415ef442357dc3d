import { type Awaitable, andThen } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import type { Graph } from '../graph/graph';
import { folderOf, type NodeKeys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import { assertSavedParams, savedParams } from '../storage/custom-key';
import { StorageError } from '../storage/errors';
import type { StoredCheckpoint } from '../storage/format/stored-checkpoint';
import type { KnownMarks } from '../storage/marks/known-marks';
import type { CheckpointHit, StorageStack } from '../storage/storage-stack';
import { hasSeen, lostMarks, wasCleared, whyStale } from '../storage/validity';
import { isSavedByThisProcess } from '../storage/write-checkpoint';
import type { TaskKey } from '../task/context';
import type { TaskDefinition } from '../task/definition';
import type { TaskRef } from '../task/ref';
import type { Namesakes } from '../task/registry';
import { type KeyedRefs, type ParamsByKey, Provenance, paramsIn } from './dynamic/provenance';
import type { ForceSet } from './force-set';
import type { TaskDirectories } from './task-directories';

/** The parts of a run that checkpoints use. */
export interface CheckpointsOptions {
  readonly layers: StorageStack;
  readonly graph: Graph;
  readonly keys: NodeKeys;
  /** The clear marks, read once a run. */
  readonly marks: KnownMarks;
  readonly rerunsChangedSource: boolean;
  /** The tasks that are recomputed even if they are saved. */
  readonly forced?: ForceSet | undefined;
  readonly directories: TaskDirectories;
  /** Prepares the graph of refs that are not in this one, with its current keys. */
  readonly prepare: (refs: readonly TaskRef<unknown>[]) => Promise<{ readonly graph: Graph; readonly keys: NodeKeys }>;
}

/** The graph whose clear marks are read. */
interface MarksSource {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  /** The marks that this run has read so far; others are added. */
  readonly marks: KnownMarks;
}

const none: readonly string[] = Object.freeze([]);

/**
 * The clear marks that a run saw at its start, on each node and its ancestors.
 *
 * Nodes with the same marks share one list, so that a million nodes below one cleared task cost one list.
 */
export class SeenMarks {
  readonly #lists: (readonly string[])[] = [];
  readonly #isEmpty: boolean;

  private constructor({ graph, keys, marks }: MarksSource) {
    this.#isEmpty = graph.tasks.every((task) => marks.forTask(folderOf(task)).isEmpty);
    if (this.#isEmpty) return;
    const unions = new Unions();
    for (const index of graph.order) {
      let list = none;
      for (let edge = graph.firstEdge[index]!; edge < graph.endEdge[index]!; edge++)
        list = unions.join(list, this.#lists[graph.edges[edge]!]!);
      const folder = folderOf(graph.nodes[index]!.task);
      const own = marks.forTask(folder);
      for (const mark of own.isEmpty ? none : own.marksOn(keys.get(index).slice(folder.length + 1)))
        list = unions.join(list, unions.single(mark));
      this.#lists[index] = list;
    }
  }

  /** Reads the clear marks on the nodes of a graph. */
  static async read(source: MarksSource): Promise<SeenMarks> {
    const { graph, keys, marks } = source;
    await marks.read(graph.tasks.map(folderOf));
    for (const task of graph.tasks) {
      const folder = folderOf(task);
      const own = marks.forTask(folder);
      if (!own.isDeep) continue;
      const nodes = graph.nodes.filter((node) => node.task === task);
      await own.load(nodes.map(({ index }) => keys.get(index).slice(folder.length + 1)));
    }
    return new SeenMarks(source);
  }

  /** The marks on a node and its ancestors. */
  on(index: number): readonly string[] {
    return this.#isEmpty ? none : this.#lists[index]!;
  }

  /** Tests whether a checkpoint's run had seen all current marks on a node. */
  wereSeenBy(index: number, seen: readonly string[]): boolean {
    return hasSeen(seen, this.on(index));
  }
}

/** Interned unions of lists of marks. */
class Unions {
  readonly #known = new Map<readonly string[], Map<readonly string[], readonly string[]>>();
  readonly #singles = new Map<string, readonly string[]>();

  single(mark: string): readonly string[] {
    let list = this.#singles.get(mark);
    if (!list) this.#singles.set(mark, (list = Object.freeze([mark])));
    return list;
  }

  join(a: readonly string[], b: readonly string[]): readonly string[] {
    if (a === b || b.length === 0) return a;
    if (a.length === 0) return b;
    let known = this.#known.get(a);
    if (!known) this.#known.set(a, (known = new Map()));
    let union = known.get(b);
    if (!union)
      known.set(b, (union = b.every((mark) => a.includes(mark)) ? a : Object.freeze([...new Set([...a, ...b])])));
    return union;
  }
}

/** Decides whether the checkpoints of one run's nodes still count. */
export class CheckpointValidity {
  /** The missing directories that make checkpoints stale, by node. */
  readonly missingDirectories = new Map<number, string>();
  readonly #options: CheckpointsOptions;
  readonly #seen: SeenMarks;

  constructor(options: CheckpointsOptions, seen: SeenMarks) {
    this.#options = options;
    this.#seen = seen;
  }

  /**
   * The reason why a checkpoint does not count; undefined when it does.
   *
   * @throws {DeclarationError} when the task's own key leads to the result of other params
   */
  whyStale(index: number, { from, checkpoint }: CheckpointHit): Awaitable<string | undefined> {
    const isOfEpoch = this.#options.marks.epochs.includes(from.store, checkpoint.marks);
    if (isOfEpoch === true) return this.#whyStaleInEpoch(index, checkpoint);
    return andThen(isOfEpoch, (isNow) => (isNow ? this.#whyStaleInEpoch(index, checkpoint) : lostMarks));
  }

  #whyStaleInEpoch(index: number, entry: StoredCheckpoint): Awaitable<string | undefined> {
    const marks = this.#seen.on(index);
    const node = this.#options.graph.nodes[index]!;
    const { task } = node;
    if (task.options.key && hasSeen(entry.marks, marks))
      assertSavedParams(
        { task, key: entry.key, shown: String(node) },
        entry.toRecord().params,
        savedParams(node),
        node.givenParams,
      );
    const { namesakes } = task;
    const why = whyStale(entry, {
      marks,
      sources: this.#options.rerunsChangedSource ? [task.source] : undefined,
      otherClass: namesakes?.areSeveral && isOfNamesake(task, namesakes, entry) ? task.name : undefined,
      missingDirectory: () => this.#missingDirectory(index, entry),
    });
    return why ?? (entry.isDynamic ? this.#whyStaleByRefs(entry) : undefined);
  }

  #missingDirectory(index: number, checkpoint: StoredCheckpoint): string | undefined {
    const missing = this.#options.directories.missing(checkpoint);
    if (missing !== undefined) this.missingDirectories.set(index, missing);
    return missing;
  }

  /** The refs in a result's dynamic ancestors, with their secrets. @throws {TidemarkError} when a secret is unknown */
  async #refsOf(provenance: Provenance): Promise<KeyedRefs> {
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

  /** The reason by the refs in the results that it came from: their keys may have changed. */
  async #whyStaleByRefs(entry: StoredCheckpoint): Promise<string | undefined> {
    try {
      const known = await this.#refsOf(Provenance.from(entry));
      if (known.length === 0) return undefined;
      const { graph, keys } = await this.#options.prepare(known.map(([, ref]) => ref));
      const marks = await SeenMarks.read({ ...this.#options, graph, keys });
      for (const [i, [key]] of known.entries()) {
        const { index } = (graph.target as readonly GraphNode[])[i]!;
        if (keys.get(index) !== key) return `it came from ${key}, which has another key today`;
        if (!marks.wereSeenBy(index, entry.marks)) return wasCleared;
      }
      const { forced } = this.#options;
      const task = forced && !forced.isRenewed(entry.key) ? forced.firstTaskIn(graph) : undefined;
      return task && `it came from ${task.name}, which is forced`;
    } catch (error) {
      if (isInstance(error, StorageError)) throw error;
      return `it came from a result with refs that cannot be followed today: ${describeError(error)}`;
    }
  }
}

function firstOf(given: readonly ParamsByKey[], key: TaskKey): ReturnType<ParamsByKey> {
  for (const paramsOf of given) {
    const params = paramsOf(key);
    if (params) return params;
  }
  return undefined;
}

/** Tests whether a checkpoint may hold the result of another class, as far as this process knows. */
function isOfNamesake({ cls }: TaskDefinition, namesakes: Namesakes, entry: StoredCheckpoint): boolean {
  return isSavedByThisProcess(entry) && namesakes.mayBelongToOther(cls, entry, entry.savedAt);
}
