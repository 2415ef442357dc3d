import { types } from 'node:util';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import { UnsupportedValueError } from '../encoding/errors';
import type { ResultHandle } from '../executors/remote/result-handle';
import { type SecretHolder, storeRefs, UnstorableSecretError } from '../graph/stored-ref';
import type { EncodedForms, SerializedValue } from '../storage/result-codec';
import { isPlainObject } from '../task/data';
import { isTaskRef } from '../task/ref';
import type { ResultSharing } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';

/** Tests whether a result contains a task ref in arrays, plain objects, Maps or Sets, at any depth. */
export function holdsRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const seen = new Set<object>();
  const stack: object[] = [value];
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (isTaskRef(at)) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const part of partsOf(at)) if (typeof part === 'object' && part !== null) stack.push(part);
  }
  return false;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  if (types.isMap(value) || types.isSet(value)) return value.values();
  return isPlainObject(value) ? Object.values(value) : [];
}

/**
 * Encodes a result that may hold refs. Searches for refs only when the encoder rejects one, or is asynchronous.
 *
 * @throws {UnstorableSecretError} when a ref contains a secret that the task was not given
 */
function encodeWithRefs<T>(
  result: unknown,
  holder: SecretHolder,
  encode: (value: unknown) => Awaitable<T>,
): { readonly encoded: Awaitable<T>; readonly holdsRefs: boolean } {
  let encoded: Awaitable<T>;
  try {
    encoded = encode(result);
  } catch (error) {
    if (!(isInstance(error, UnsupportedValueError) && holdsRef(result))) throw error;
    return { encoded: encode(storeRefs(result, holder)), holdsRefs: true };
  }
  if (!isPromiseLike(encoded) || !holdsRef(result)) return { encoded, holdsRefs: false };
  encoded.then(undefined, () => {});
  return { encoded: encode(storeRefs(result, holder)), holdsRefs: true };
}

/** A result as others receive it, and its encoded forms when it is saved. */
export interface EncodedOutput {
  readonly encoded: Awaitable<EncodedForms> | undefined;
  readonly value: unknown;
  readonly holdsRefs: boolean;
}

/** Encodes results to save. Others receive what was encoded, even if the task changes its object later. */
export class ResultEncoder {
  readonly #run: Pick<RunContext, 'warned'>;
  readonly #graph: RunGraph;
  readonly #sharing: ResultSharing;

  constructor(run: Pick<RunContext, 'warned'>, graph: RunGraph, sharing: ResultSharing) {
    this.#run = run;
    this.#graph = graph;
    this.#sharing = sharing;
  }

  /** Encodes the return value of a task. A result with an unstorable secret is not saved. */
  encode(index: number, result: unknown): EncodedOutput {
    try {
      return this.#encode(index, result);
    } catch (error) {
      if (!isInstance(error, UnstorableSecretError)) throw error;
      this.warnOfSecret(index, error.message);
      return { encoded: undefined, value: this.#sharing.settle(index, result), holdsRefs: true };
    }
  }

  /** Encodes a result that arrived as bytes, in the form that the storage needs. */
  async encodeSent(index: number, sent: ResultHandle): Promise<EncodedOutput> {
    const { graph, checkpoints } = this.#graph;
    const { save } = graph.nodes[index]!.task;
    const { holdsRefs, encoding, unsaved } = sent;
    const value = await sent.load();
    if (unsaved !== undefined && save) this.warnOfSecret(index, unsaved);
    const encoded =
      save && checkpoints && encoding && unsaved === undefined
        ? checkpoints.encodeSent(index, encoding, holdsRefs ? storeRefs(value, this.#holder(index)) : value)
        : undefined;
    this.#sharing.settleOwn(index, value);
    return { encoded, value, holdsRefs };
  }

  /** Warns once for each task that its results are not saved. */
  warnOfSecret(index: number, why: string): void {
    const { graph, reporter } = this.#graph;
    const { warned } = this.#run;
    const { task } = graph.nodes[index]!;
    if (warned.secrets.has(task.name)) return;
    warned.secrets.add(task.name);
    reporter.warn(index, `the result of ${task.name} is not saved: ${why}`);
  }

  #encode(index: number, result: unknown): EncodedOutput {
    const { graph, checkpoints } = this.#graph;
    if (!graph.nodes[index]!.task.save || !checkpoints) {
      const holdsRefs = holdsRef(result);
      return { encoded: undefined, value: this.#sharing.settle(index, result), holdsRefs };
    }
    const encode = (value: unknown) => checkpoints.encode(index, value);
    if (!checkpoints.encodesAtOnce(index)) {
      const value = this.#sharing.settle(index, result);
      return { value, ...encodeWithRefs(value, this.#holder(index), encode) };
    }
    const { encoded, holdsRefs } = encodeWithRefs(result, this.#holder(index), encode);
    const isChecked = !isPromiseLike(encoded) && isCheckedCbor((encoded as EncodedForms).bySerialization[0]![1]);
    return { encoded, value: this.#sharing.settle(index, result, isChecked), holdsRefs };
  }

  #holder(index: number): SecretHolder {
    return this.#graph.graph.nodes[index]!;
  }
}

/** Tests whether a result was written as CBOR, which has no accessors, symbols, hidden properties or holes. */
function isCheckedCbor({ serializer, format }: SerializedValue): boolean {
  return serializer === 'cbor' && format.startsWith('cbor');
}
