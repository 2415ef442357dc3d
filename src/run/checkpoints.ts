import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import type { Encoder } from '../encoding/encoder';
import type { Graph } from '../graph/graph';
import { folderOf, type Keys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import type { ClearMarks } from '../storage/clear-marks';
import { decode } from '../storage/decode';
import type { EncodedResult, Encoding } from '../storage/encode';
import type { Entry } from '../storage/entry';
import type { Layer, RunFacts } from '../storage/layer';
import type { Found, Layers } from '../storage/layers';
import type { Lease, Leases } from '../storage/lease/lease';
import type { CheckpointRecord } from '../storage/record';
import { recordParams } from '../storage/record-params';
import { StorageError } from '../storage/storage-error';
import type { TaskKey } from '../task/context';
import { TaskDirectory } from '../task/directory';
import type { TaskRef } from '../task/ref';
import type { Directories } from './directories';
import { messageOf } from './failure';
import type { Forced } from './forced';
import { SeenMarks } from './marks';
import { Provenance } from './provenance';

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

/** What a result came from that its key does not tell, and whether it holds refs itself. */
export interface Origin {
  readonly provenance: Provenance | undefined;
  readonly holdsRefs: boolean;
}

/** What is to be known to write a checkpoint. */
export interface SaveOptions {
  readonly seconds: number;
  /** The digest of a requirement's result, when it is saved or was loaded. */
  readonly digestOf: (index: number) => string | undefined;
  /** What is there and counts no more. */
  readonly stale: readonly Found[] | undefined;
  /** Undefined for most, which no result that holds refs has to do with. */
  readonly origin: Origin | undefined;
  /** The right to compute the key, where only one process has it: without it, nothing is written. */
  readonly lease?: Lease | undefined;
}

/** What checkpoints need of a run. */
export interface CheckpointsOptions {
  readonly layers: Layers;
  readonly graph: Graph;
  readonly keys: Keys;
  /** Clear marks by folder, read once a run. */
  readonly marks: Map<string, ClearMarks>;
  readonly rerunsChangedSource: boolean;
  /** What is computed anew whatever is saved. */
  readonly forced?: Forced | undefined;
  readonly directories: Directories;
  /** The graph of refs that are not in this one, and its keys as they are today. */
  readonly prepare: (refs: readonly TaskRef<unknown>[]) => Promise<{ readonly graph: Graph; readonly keys: Keys }>;
}

const noOrigin: Origin = Object.freeze({ provenance: undefined, holdsRefs: false });
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
  /** Paths of directories that are not here, by the nodes whose checkpoints do not count for that reason. */
  readonly lost = new Map<number, string>();
  readonly #options: CheckpointsOptions;
  readonly #directories: Directories;
  readonly #layers: Layers;
  readonly #graph: Graph;
  readonly #keys: Keys;
  readonly #marks: SeenMarks;
  readonly #rerunsChangedSource: boolean;

  private constructor(options: CheckpointsOptions, marks: SeenMarks) {
    const { layers, graph, keys, rerunsChangedSource } = options;
    this.isSaving = layers.writes.length > 0;
    this.#options = options;
    this.#directories = options.directories;
    this.#layers = layers;
    this.#graph = graph;
    this.#keys = keys;
    this.#marks = marks;
    this.#rerunsChangedSource = rerunsChangedSource;
  }

  /** Reads the clear marks, which count for the whole run. */
  static async of(options: CheckpointsOptions): Promise<Checkpoints> {
    return new Checkpoints(options, await seenMarks(options));
  }

  /** The clear marks on a node and its ancestors that this run saw. */
  marksOn(index: number): readonly string[] {
    return this.#marks.on(index);
  }

  /** Who computes which key, of all that use the same storage; undefined when the storage cannot say. */
  get leases(): Leases | undefined {
    return this.#layers.leases;
  }

  /** Looks a node's checkpoint up; whatever fails is part of the answer. */
  lookUp(index: number): Awaitable<Lookup> {
    return this.#lookIn(0, index, noCheckpoint);
  }

  /** Looks in the layers behind the one that a checkpoint was in, which cannot be used after all. */
  lookBehind(index: number, { from }: Found): Awaitable<Lookup> {
    return this.#lookIn(this.#layers.reads.indexOf(from) + 1, index, noCheckpoint);
  }

  /** Whether there are such layers. */
  hasBehind({ from }: Found): boolean {
    return from !== this.#layers.reads.at(-1);
  }

  /** @param onRead given what the checkpoint holds when it is to be copied to other layers */
  load(index: number, { from, entry }: Found, onRead: (encoding: Encoding) => void): Awaitable<unknown> {
    const encoder = this.#encoderOf(index);
    if (entry.directories.length > 0) {
      // Directories stay where they are, and so does what names them.
      this.#directories.hold(entry);
      return this.#layers.load(from.layer, entry, encoder, this.#directories.folder);
    }
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

  /** A result that was encoded where it was made. @param value the same, for layers that want it in another form */
  encodeSent(index: number, encoding: Encoding, value: unknown): Awaitable<EncodedResult> {
    return this.#layers.alreadyEncoded(encoding, this.#encoderOf(index)) ?? this.encode(index, value);
  }

  /** Writes a checkpoint. Gives how many bytes are kept. @throws {LeaseLostError} when that was to be by a lease */
  save(index: number, encoded: EncodedResult, options: SaveOptions): Awaitable<number> {
    const node = this.#graph.nodes[index]!;
    const { seconds, stale, lease } = options;
    const directories = TaskDirectory.isInUse ? this.#directories.namesOf(node, encoded) : undefined;
    const facts = this.factsOf(index, options, seconds, directories);
    const written = this.#layers.save(facts, encoded, this.#encoderOf(index), stale, lease);
    if (!node.task.hasDirectory) return written;
    return andThen(written, (size) => {
      this.#directories.keep(node, facts.key, stale);
      return size;
    });
  }

  /** What the record of a node's result says. */
  factsOf(
    index: number,
    { digestOf, origin }: Pick<SaveOptions, 'digestOf' | 'origin'>,
    seconds: number,
    directories?: readonly string[],
  ): RunFacts {
    const { nodes, edges, firstEdge, endEdge } = this.#graph;
    const { task, params } = nodes[index]!;
    const requires: CheckpointRecord['requires'][number][] = [];
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++)
      requires.push([this.#keys.of(edges[edge]!), digestOf(edges[edge]!) ?? null]);
    const { provenance, holdsRefs } = origin ?? noOrigin;
    const key = this.#keys.of(index);
    const marks = this.#marks.on(index);
    return {
      key,
      task: task.name,
      version: task.options.version,
      params: recordParams(params, task),
      source: task.source,
      requires,
      marks: provenance ? [...new Set([...marks, ...provenance.marks])] : marks,
      dynamic: provenance || holdsRefs ? dynamicOf(provenance, holdsRefs ? key : undefined) : noDynamic,
      refs: provenance?.encoded(),
      directories,
      seconds,
    };
  }

  /** Looks in one layer, and when nothing there counts, in those behind it. */
  #lookIn(at: number, index: number, seen: Lookup): Awaitable<Lookup> {
    const from = this.#layers.reads[at];
    if (!from) return seen;
    let entry: Awaitable<Entry | undefined>;
    try {
      entry = from.layer.find(this.#keys.of(index), this.#encoderOf(index));
    } catch (error) {
      return this.#lookPast(at, index, seen, error);
    }
    const lookup = isPromiseLike(entry)
      ? entry.then((later) => this.#judge(at, index, seen, later))
      : this.#judge(at, index, seen, entry);
    return isPromiseLike(lookup) ? lookup.then(undefined, (error) => this.#lookPast(at, index, seen, error)) : lookup;
  }

  /** Takes what one layer has when it counts, and looks further when it does not. */
  #judge(at: number, index: number, seen: Lookup, entry: Entry | undefined): Awaitable<Lookup> {
    if (!entry) return this.#lookIn(at + 1, index, seen);
    const found = { from: this.#layers.reads[at]!, entry };
    return andThen(this.#whyStale(index, entry), (why) =>
      why === undefined
        ? { found, stale: seen.stale, why: seen.why, faults: seen.faults }
        : this.#lookIn(at + 1, index, { ...seen, stale: [...seen.stale, found], why }),
    );
  }

  /** One layer failed: that is part of the answer, and what is behind it may still have something. */
  #lookPast(at: number, index: number, seen: Lookup, error: unknown): Awaitable<Lookup> {
    const { layer } = this.#layers.reads[at]!;
    const faults = [...seen.faults, { layer, error }];
    return this.#lookIn(at + 1, index, { ...seen, faults, why: 'its checkpoint cannot be used' });
  }

  /** Why a checkpoint does not count; undefined when it does. */
  #whyStale(index: number, entry: Entry): Awaitable<string | undefined> {
    if (!this.#marks.areSeenBy(index, entry.marks)) return wasCleared;
    if (this.#rerunsChangedSource && entry.source !== this.#graph.nodes[index]!.task.source)
      return 'the source of its class changed';
    const missing = entry.directories.length > 0 ? this.#directories.missing(entry) : undefined;
    if (missing !== undefined) {
      this.lost.set(index, missing);
      return `its directory ${missing} is not there`;
    }
    return entry.isDynamic ? this.#whyStaleByRefs(entry) : undefined;
  }

  /** Likewise, by the refs that were in results that it came from: their keys may be others today. */
  async #whyStaleByRefs(entry: Entry): Promise<string | undefined> {
    try {
      const known = Provenance.of(entry).refs();
      if (known.length === 0) return undefined;
      const { graph, keys } = await this.#options.prepare(known.map(([, ref]) => ref));
      const marks = await seenMarks({ ...this.#options, graph, keys });
      for (const [i, [key]] of known.entries()) {
        const { index } = (graph.target as readonly GraphNode[])[i]!;
        if (keys.of(index) !== key) return `it came from ${key}, which has another key today`;
        if (!marks.areSeenBy(index, entry.marks)) return wasCleared;
      }
      const { forced } = this.#options;
      const task = forced && !forced.isRenewed(entry.key) ? forced.taskIn(graph) : undefined;
      return task && `it came from ${task.name}, which is forced`;
    } catch (error) {
      if (error instanceof StorageError) throw error;
      return `it came from a result with refs that cannot be followed today: ${messageOf(error)}`;
    }
  }

  #encoderOf(index: number): Encoder | undefined {
    return this.#graph.nodes[index]!.task.options.encoder;
  }
}

const wasCleared = 'it, or something that it came from, was cleared';

async function seenMarks({ layers, graph, keys, marks }: CheckpointsOptions): Promise<SeenMarks> {
  const missing = [...new Set(graph.tasks.map(folderOf))].filter((folder) => !marks.has(folder));
  const read = missing.map((folder) => layers.marks(folder));
  const found = read.some(isPromiseLike) ? await Promise.all(read) : (read as ClearMarks[]);
  for (const [i, folder] of missing.entries()) marks.set(folder, found[i]!);
  return new SeenMarks(graph, keys, marks);
}

/** @param holder the key of a result that holds refs itself; what these are is not known when it is saved */
function dynamicOf(provenance: Provenance | undefined, holder: TaskKey | undefined): CheckpointRecord['dynamic'] {
  const entries: CheckpointRecord['dynamic'][number][] = [...(provenance?.dynamic ?? [])];
  if (holder !== undefined) entries.push([holder, []]);
  return entries;
}
