import { type Awaitable, isPromiseLike } from '../awaitable';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Encoder } from '../encoding/encoder';
import type { Graph } from '../graph/graph';
import { folderOf, type Keys } from '../graph/key';
import type { ClearMarks } from '../storage/clear-marks';
import type { CheckpointRecord } from '../storage/record';
import { recordParams } from '../storage/record-params';
import type { EncodedResult, FoundCheckpoint, Storage } from '../storage/storage';
import { SeenMarks } from './marks';

/** What the storage has for a node, and whether it counts. */
export type Lookup =
  | { readonly state: 'valid'; readonly found: FoundCheckpoint }
  | { readonly state: 'stale'; readonly found: FoundCheckpoint; readonly why: string }
  | { readonly state: 'none' }
  | { readonly state: 'failed'; readonly error: unknown };

const noDynamic: CheckpointRecord['dynamic'] = Object.freeze([]);
const noCheckpoint: Lookup = Object.freeze({ state: 'none' });

/** The checkpoints of one run's nodes: which are there, whether they still count, and how a new one is written. */
export class Checkpoints {
  readonly storage: Storage;
  readonly #graph: Graph;
  readonly #keys: Keys;
  readonly #marks: SeenMarks;
  readonly #rerunsChangedSource: boolean;

  private constructor(storage: Storage, graph: Graph, keys: Keys, marks: SeenMarks, rerunsChangedSource: boolean) {
    this.storage = storage;
    this.#graph = graph;
    this.#keys = keys;
    this.#marks = marks;
    this.#rerunsChangedSource = rerunsChangedSource;
  }

  /** Reads the clear marks, which count for the whole run. */
  static async of(storage: Storage, graph: Graph, keys: Keys, rerunsChangedSource: boolean): Promise<Checkpoints> {
    const marks = new Map<string, ClearMarks>();
    for (const folder of new Set(graph.tasks.map(folderOf))) {
      const read = storage.marks(folder);
      marks.set(folder, isPromiseLike(read) ? await read : (read as ClearMarks));
    }
    return new Checkpoints(storage, graph, keys, new SeenMarks(graph, keys, marks), rerunsChangedSource);
  }

  /** Looks a node's checkpoint up; whatever fails is part of the answer. */
  lookUp(index: number): Awaitable<Lookup> {
    const failed = (error: unknown): Lookup => ({ state: 'failed', error });
    try {
      const found = this.storage.find(this.#keys.of(index));
      if (isPromiseLike(found))
        return Promise.resolve(found).then((later) => this.#judge(index, later as FoundCheckpoint | undefined), failed);
      return this.#judge(index, found as FoundCheckpoint | undefined);
    } catch (error) {
      return failed(error);
    }
  }

  load(index: number, found: FoundCheckpoint): Awaitable<unknown> {
    return this.storage.load(found, this.#encoderOf(index));
  }

  encode(index: number, result: unknown): Awaitable<EncodedResult> {
    return this.storage.encode(result, this.#encoderOf(index));
  }

  /** @param digestOf the digest of a requirement's result, when it is saved or was loaded */
  save(
    index: number,
    encoded: EncodedResult,
    seconds: number,
    digestOf: (index: number) => string | undefined,
    before: CheckpointRecord | undefined,
  ): Awaitable<CheckpointRecord> {
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
    return this.storage.save(facts, encoded, before);
  }

  #judge(index: number, found: FoundCheckpoint | undefined): Lookup {
    if (found === undefined) return noCheckpoint;
    const { record } = found;
    if (!this.#marks.areSeenBy(index, record.marks))
      return { state: 'stale', found, why: 'it, or something that it came from, was cleared' };
    if (record.dynamic.length > 0) return { state: 'stale', found, why: 'what it came from held refs' };
    if (this.#rerunsChangedSource && record.source !== this.#graph.nodes[index]!.task.source)
      return { state: 'stale', found, why: 'the source of its class changed' };
    return { state: 'valid', found };
  }

  #encoderOf(index: number): Encoder {
    return this.#graph.nodes[index]!.task.options.encoder ?? defaultEncoder;
  }
}
