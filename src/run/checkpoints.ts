import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import type { Encoder } from '../encoding/encoder';
import type { Graph } from '../graph/graph';
import { folderOf, type Keys } from '../graph/key';
import type { ClearMarks } from '../storage/clear-marks';
import { decode } from '../storage/decode';
import type { EncodedResult, Encoding } from '../storage/encode';
import type { Entry } from '../storage/entry';
import type { Layer } from '../storage/layer';
import type { Found, Layers } from '../storage/layers';
import type { CheckpointRecord } from '../storage/record';
import { recordParams } from '../storage/record-params';
import { SeenMarks } from './marks';

/** Why a layer could not say what it has. */
export interface Fault {
  readonly layer: Layer;
  readonly error: unknown;
}

/** What the storage has for a node. */
export interface Lookup {
  /** The first checkpoint that counts. */
  readonly found: Found | undefined;
  /** Those before it that do not. */
  readonly stale: readonly Found[];
  /** Why the node has to run, when nothing was found that counts. */
  readonly why: string;
  readonly faults: readonly Fault[];
}

const noDynamic: CheckpointRecord['dynamic'] = Object.freeze([]);
const noCheckpoint: Lookup = Object.freeze({
  found: undefined,
  stale: Object.freeze([]),
  why: 'there is no checkpoint',
  faults: Object.freeze([]),
});

/** The checkpoints of one run's nodes: which are there, whether they still count, and how a new one is written. */
export class Checkpoints {
  /** Whether results are written anywhere. */
  readonly isSaving: boolean;
  readonly #layers: Layers;
  readonly #graph: Graph;
  readonly #keys: Keys;
  readonly #marks: SeenMarks;
  readonly #rerunsChangedSource: boolean;

  private constructor(layers: Layers, graph: Graph, keys: Keys, marks: SeenMarks, rerunsChangedSource: boolean) {
    this.isSaving = layers.writes.length > 0;
    this.#layers = layers;
    this.#graph = graph;
    this.#keys = keys;
    this.#marks = marks;
    this.#rerunsChangedSource = rerunsChangedSource;
  }

  /** Reads the clear marks, which count for the whole run. */
  static async of(layers: Layers, graph: Graph, keys: Keys, rerunsChangedSource: boolean): Promise<Checkpoints> {
    const folders = [...new Set(graph.tasks.map(folderOf))];
    const read = folders.map((folder) => layers.marks(folder));
    const marks = read.some(isPromiseLike) ? await Promise.all(read) : (read as ClearMarks[]);
    const byFolder = new Map(folders.map((folder, i) => [folder, marks[i]!]));
    return new Checkpoints(layers, graph, keys, new SeenMarks(graph, keys, byFolder), rerunsChangedSource);
  }

  /** Looks a node's checkpoint up; whatever fails is part of the answer. */
  lookUp(index: number): Awaitable<Lookup> {
    return this.#lookIn(0, index, noCheckpoint);
  }

  /** @param onRead given what the checkpoint holds when it is to be copied to other layers */
  load(index: number, { from, entry }: Found, onRead: (encoding: Encoding) => void): Awaitable<unknown> {
    const encoder = this.#encoderOf(index);
    if (from.promoteTo.length === 0) return from.layer.load(entry, encoder);
    return andThen(from.layer.read(entry, encoder), (encoding) => {
      onRead(encoding);
      // The value gets memory of its own, since these bytes are still to be written.
      return decode(entry, { ...encoding, isView: true }, from.layer.encoderFor(encoder));
    });
  }

  /** Copies what was loaded from one layer to those before it. @param stale what is there and counts no more */
  promote(index: number, found: Found, encoding: Encoding, stale: readonly Found[] | undefined): Promise<void> {
    return this.#layers.promote(found, encoding, this.#encoderOf(index), stale);
  }

  encode(index: number, result: unknown): Awaitable<EncodedResult> {
    return this.#layers.encode(result, this.#encoderOf(index));
  }

  /**
   * Writes a checkpoint.
   *
   * @param digestOf the digest of a requirement's result, when it is saved or was loaded
   * @param stale what is there and counts no more
   * @returns how many bytes are kept
   */
  save(
    index: number,
    encoded: EncodedResult,
    seconds: number,
    digestOf: (index: number) => string | undefined,
    stale: readonly Found[] | undefined,
  ): Awaitable<number> {
    const { nodes, edges, firstEdge, endEdge } = this.#graph;
    const { task, params } = nodes[index]!;
    const requires: CheckpointRecord['requires'][number][] = [];
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++)
      requires.push([this.#keys.of(edges[edge]!), digestOf(edges[edge]!) ?? null]);
    const facts = {
      key: this.#keys.of(index),
      task: task.name,
      version: task.options.version,
      params: recordParams(params, task),
      source: task.source,
      requires,
      marks: this.#marks.on(index),
      dynamic: noDynamic,
      seconds,
    };
    return this.#layers.save(facts, encoded, this.#encoderOf(index), stale);
  }

  /** Looks in one layer, and when nothing there counts, in those behind it. */
  #lookIn(at: number, index: number, seen: Lookup): Awaitable<Lookup> {
    const from = this.#layers.reads[at];
    if (!from) return seen;
    const take = (entry: Entry | undefined): Awaitable<Lookup> => {
      if (!entry) return this.#lookIn(at + 1, index, seen);
      const found = { from, entry };
      const why = this.#whyStale(index, entry);
      if (why === undefined) return { ...seen, found };
      return this.#lookIn(at + 1, index, { ...seen, stale: [...seen.stale, found], why });
    };
    const fail = (error: unknown): Awaitable<Lookup> =>
      this.#lookIn(at + 1, index, {
        ...seen,
        faults: [...seen.faults, { layer: from.layer, error }],
        why: 'its checkpoint cannot be used',
      });
    let entry: Awaitable<Entry | undefined>;
    try {
      entry = from.layer.find(this.#keys.of(index), this.#encoderOf(index));
    } catch (error) {
      return fail(error);
    }
    return isPromiseLike(entry) ? entry.then(take, fail) : take(entry);
  }

  /** Why a checkpoint does not count; undefined when it does. */
  #whyStale(index: number, entry: Entry): string | undefined {
    if (!this.#marks.areSeenBy(index, entry.marks)) return 'it, or something that it came from, was cleared';
    if (entry.isDynamic) return 'what it came from held refs';
    if (this.#rerunsChangedSource && entry.source !== this.#graph.nodes[index]!.task.source)
      return 'the source of its class changed';
    return undefined;
  }

  #encoderOf(index: number): Encoder | undefined {
    return this.#graph.nodes[index]!.task.options.encoder;
  }
}
