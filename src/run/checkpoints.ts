import { type Awaitable, andThen } from '../awaitable';
import type { Encoder } from '../encoding/encoder';
import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import { decode } from '../storage/decode';
import type { EncodedResult, Encoding } from '../storage/encode';
import type { RunFacts } from '../storage/layer';
import type { Found, Layers } from '../storage/layers';
import type { Lease, Leases } from '../storage/lease/lease';
import type { Epochs } from '../storage/marks/epochs';
import type { CheckpointRecord } from '../storage/record';
import { recordParams } from '../storage/record-params';
import type { TaskKey } from '../task/context';
import { TaskDirectory } from '../task/directory';
import type { CheckpointsOptions } from './checkpoints-options';
import type { Directories } from './directories';
import { type Lookup, Lookups } from './lookups';
import { SeenMarks } from './marks';
import type { Provenance } from './provenance';
import { Staleness } from './staleness';

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

const noOrigin: Origin = Object.freeze({ provenance: undefined, holdsRefs: false });
const noDynamic: CheckpointRecord['dynamic'] = Object.freeze([]);

/** The checkpoints of one run's nodes: which are there, whether they still count, and how a new one is written. */
export class Checkpoints {
  /** Whether results are written anywhere. */
  readonly isSaving: boolean;
  /** Paths of directories that are not here, by the nodes whose checkpoints do not count for that reason. */
  readonly lost: Map<number, string>;
  readonly #directories: Directories;
  readonly #layers: Layers;
  readonly #graph: Graph;
  readonly #keys: Keys;
  readonly #marks: SeenMarks;
  readonly #epochs: Epochs;
  readonly #lookups: Lookups;

  private constructor(options: CheckpointsOptions, marks: SeenMarks) {
    const { layers, graph, keys } = options;
    this.isSaving = layers.writes.length > 0;
    this.#directories = options.directories;
    this.#layers = layers;
    this.#graph = graph;
    this.#keys = keys;
    this.#marks = marks;
    this.#epochs = options.marks.epochs;
    const staleness = new Staleness(options, marks);
    this.lost = staleness.lost;
    this.#lookups = new Lookups(options, staleness);
  }

  /** Reads the clear marks, which count for the whole run. */
  static async of(options: CheckpointsOptions): Promise<Checkpoints> {
    return new Checkpoints(options, await SeenMarks.read(options));
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
    return this.#lookups.lookUp(index);
  }

  /** Looks in the layers behind the one that a checkpoint was in, which cannot be used after all. */
  lookBehind(index: number, found: Found): Awaitable<Lookup> {
    return this.#lookups.lookBehind(index, found);
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
    return this.#layers.promote(found, encoding, this.#encoderOf(index), stale, this.#epochs.words);
  }

  encode(index: number, result: unknown): Awaitable<EncodedResult> {
    return this.#layers.encode(result, this.#encoderOf(index));
  }

  /** Whether `encode` reads all of a result before it returns. */
  encodesAtOnce(index: number): boolean {
    return this.#layers.encodesAtOnce(this.#encoderOf(index));
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
    node.task.namesakes?.noteSaved(node.task.cls, { key: facts.key, digest: encoded.digest });
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
      marks: this.#recordMarks(provenance ? [...new Set([...marks, ...provenance.marks])] : marks),
      dynamic: provenance || holdsRefs ? dynamicOf(provenance, holdsRefs ? key : undefined) : noDynamic,
      refs: provenance?.encoded(),
      directories,
      seconds,
    };
  }

  #recordMarks(marks: readonly string[]): readonly string[] {
    const { words } = this.#epochs;
    return marks.length === 0 ? words : [...words, ...marks];
  }

  #encoderOf(index: number): Encoder | undefined {
    return this.#graph.nodes[index]!.task.options.encoder;
  }
}

/** @param holder the key of a result that holds refs itself; what these are is not known when it is saved */
function dynamicOf(provenance: Provenance | undefined, holder: TaskKey | undefined): CheckpointRecord['dynamic'] {
  const entries: CheckpointRecord['dynamic'][number][] = [...(provenance?.dynamic ?? [])];
  if (holder !== undefined) entries.push([holder, []]);
  return entries;
}
