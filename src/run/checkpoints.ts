import { type Awaitable, andThen } from '../base/awaitable';
import type { Encoder } from '../encoding/encoder';
import type { Graph } from '../graph/graph';
import type { NodeKeys } from '../graph/key';
import { type CheckpointRecord, paramsToJson } from '../storage/format/record';
import type { Lease, Leases } from '../storage/leases/lease';
import type { Epochs } from '../storage/marks/epochs';
import { decodeResult, type EncodedForms, type SerializedValue } from '../storage/result-codec';
import {
  type CheckpointHit,
  type FindRequest,
  type Lookup,
  nothingFound,
  type StorageStack,
  unusable,
} from '../storage/storage-stack';
import type { RecordFields } from '../storage/write-checkpoint';
import type { TaskKey } from '../task/context';
import { TaskDirectory } from '../task/directory';
import type { Provenance } from './dynamic/provenance';
import type { TaskDirectories } from './task-directories';
import { type CheckpointsOptions, CheckpointValidity, SeenMarks } from './validity';

/** The provenance of a result beyond its key, and whether it holds refs itself. */
export interface Origin {
  readonly provenance: Provenance | undefined;
  readonly holdsRefs: boolean;
}

/** The input for writing a checkpoint. */
interface SaveOptions {
  readonly seconds: number;
  /** The digest of a requirement's result, when it is saved or was loaded. */
  readonly digestOf: (index: number) => string | undefined;
  /** Stale checkpoints that are replaced. */
  readonly stale: readonly CheckpointHit[] | undefined;
  /** Undefined for most results: those that do not depend on a result with refs. */
  readonly origin: Origin | undefined;
  /** The lease of the key, if there is one: once it is lost, nothing is written. */
  readonly lease?: Lease | undefined;
}

const noOrigin: Origin = Object.freeze({ provenance: undefined, holdsRefs: false });
const noDynamic: CheckpointRecord['dynamic'] = Object.freeze([]);

/** The checkpoints of the nodes of one run: looks them up, validates, loads and writes them. */
export class Checkpoints {
  /** True when results are written to at least one layer. */
  readonly isSaving: boolean;
  /** The missing directories that make checkpoints stale, by node. */
  readonly missingDirectories: Map<number, string>;
  readonly #directories: TaskDirectories;
  readonly #layers: StorageStack;
  readonly #graph: Graph;
  readonly #keys: NodeKeys;
  readonly #marks: SeenMarks;
  readonly #epochs: Epochs;
  readonly #validity: CheckpointValidity;

  private constructor(options: CheckpointsOptions, marks: SeenMarks) {
    const { layers, graph, keys } = options;
    this.isSaving = layers.writes.length > 0;
    this.#directories = options.directories;
    this.#layers = layers;
    this.#graph = graph;
    this.#keys = keys;
    this.#marks = marks;
    this.#epochs = options.marks.epochs;
    this.#validity = new CheckpointValidity(options, marks);
    this.missingDirectories = this.#validity.missingDirectories;
  }

  /** Reads the clear marks, which apply to the whole run. */
  static async read(options: CheckpointsOptions): Promise<Checkpoints> {
    return new Checkpoints(options, await SeenMarks.read(options));
  }

  /** The clear marks on a node and its ancestors that this run saw. */
  marksOn(index: number): readonly string[] {
    return this.#marks.on(index);
  }

  /** The leases of the storage; undefined when it has none. */
  get leases(): Leases | undefined {
    return this.#layers.leases;
  }

  /** Finds the checkpoint of a node; failures of stores are part of the returned lookup. */
  lookUp(index: number): Awaitable<Lookup> {
    let request: FindRequest;
    try {
      request = this.#findRequest(index);
    } catch (error) {
      // The user's `key` function threw.
      const failures = this.#layers.reads.slice(0, 1).map(({ store }) => ({ store, error }));
      return { ...nothingFound, why: unusable, failures };
    }
    return this.#layers.find(request);
  }

  /** Finds it in the layers after the one whose checkpoint turned out to be unusable. */
  lookUpNextLayer(index: number, { from }: CheckpointHit): Awaitable<Lookup> {
    return this.#layers.find(this.#findRequest(index), this.#layers.reads.indexOf(from) + 1);
  }

  /** True when there are layers after the one of the checkpoint. */
  hasNextLayer({ from }: CheckpointHit): boolean {
    return from !== this.#layers.reads.at(-1);
  }

  /** @param onRead receives the content of the checkpoint when it is to be copied to earlier layers */
  load(index: number, hit: CheckpointHit, onRead: (encoding: SerializedValue) => void): Awaitable<unknown> {
    const { from, checkpoint } = hit;
    const encoder = this.#encoderOf(index);
    if (checkpoint.directories.length > 0) {
      // Directories are not copied between layers, nor are the checkpoints that name them.
      this.#directories.retain(checkpoint);
      return this.#layers.load(hit, encoder, this.#directories.folder);
    }
    if (from.promoteTo.length === 0) return from.store.load(checkpoint, encoder);
    return andThen(from.store.read(checkpoint, encoder), (encoding) => {
      onRead(encoding);
      // The value gets its own memory, since these bytes are still to be written.
      return decodeResult(checkpoint, { ...encoding, isView: true }, from.store.encoderFor(encoder));
    });
  }

  /** Copies a loaded checkpoint to the layers before its own. @param stale the checkpoints replaced there */
  promote(
    index: number,
    found: CheckpointHit,
    encoding: SerializedValue,
    stale: readonly CheckpointHit[] | undefined,
  ): Promise<void> {
    return this.#layers.promote({
      hit: found,
      value: encoding,
      encoder: this.#encoderOf(index),
      stale,
      epochs: this.#epochs.words,
    });
  }

  encode(index: number, result: unknown): Awaitable<EncodedForms> {
    return this.#layers.encode(result, this.#encoderOf(index));
  }

  /** True when `encode` reads the entire result before it returns. */
  encodesAtOnce(index: number): boolean {
    return this.#layers.encodesSynchronously(this.#encoderOf(index));
  }

  /** The forms of a result that a worker encoded. @param value the result, for layers that need another form */
  encodeSent(index: number, encoding: SerializedValue, value: unknown): Awaitable<EncodedForms> {
    return this.#layers.reuseEncoded(encoding, this.#encoderOf(index)) ?? this.encode(index, value);
  }

  /** Writes a checkpoint. Returns its size in bytes. @throws {LeaseLostError} when its lease is lost */
  save(index: number, encoded: EncodedForms, options: SaveOptions): Awaitable<number> {
    const node = this.#graph.nodes[index]!;
    const { seconds, stale, lease } = options;
    const directories = TaskDirectory.isInUse ? this.#directories.namesOf(node, encoded) : undefined;
    const facts = this.recordFieldsOf(index, options, seconds, directories);
    node.task.namesakes?.recordSaved(node.task.cls, { key: facts.key, digest: encoded.digest });
    const written = this.#layers.save({
      fields: facts,
      forms: encoded,
      encoder: this.#encoderOf(index),
      stale,
      lease,
    });
    if (!node.task.hasDirectory) return written;
    return andThen(written, (size) => {
      this.#directories.keep(node, facts.key, stale);
      return size;
    });
  }

  /** The fields of the record of a node's result. */
  recordFieldsOf(
    index: number,
    { digestOf, origin }: Pick<SaveOptions, 'digestOf' | 'origin'>,
    seconds: number,
    directories?: readonly string[],
  ): RecordFields {
    const { task, params } = this.#graph.nodes[index]!;
    const requires: CheckpointRecord['requires'][number][] = [];
    for (const required of this.#graph.requirementsOf(index))
      requires.push([this.#keys.get(required), digestOf(required) ?? null]);
    const { provenance, holdsRefs } = origin ?? noOrigin;
    const key = this.#keys.get(index);
    const marks = this.#marks.on(index);
    return {
      key,
      task: task.name,
      version: task.options.version,
      params: paramsToJson(params, task),
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

  #findRequest(index: number): FindRequest {
    return {
      key: this.#keys.get(index),
      encoder: this.#encoderOf(index),
      whyStale: (hit) => this.#validity.whyStale(index, hit),
    };
  }

  #encoderOf(index: number): Encoder | undefined {
    return this.#graph.nodes[index]!.task.options.encoder;
  }
}

/** @param holder the key of a result that holds refs itself; their keys are unknown when it is saved */
function dynamicOf(provenance: Provenance | undefined, holder: TaskKey | undefined): CheckpointRecord['dynamic'] {
  const entries: CheckpointRecord['dynamic'][number][] = [...(provenance?.dynamic ?? [])];
  if (holder !== undefined) entries.push([holder, []]);
  return entries;
}
