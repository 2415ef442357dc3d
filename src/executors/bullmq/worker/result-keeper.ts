import type { Bytes } from '../../../encoding/encoder';
import { serializationFor } from '../../../encoding/find-serialization';
import { digestOf } from '../../../storage/digest';
import type { EncodedResult, Encoding } from '../../../storage/encode';
import type { RunFacts } from '../../../storage/layer';
import type { Found, Layers } from '../../../storage/layers';
import type { Lease } from '../../../storage/lease/lease';
import type { TaskKey } from '../../../task/context';
import type { TaskDefinition } from '../../../task/definition';
import type { DoneMessage } from '../../pool/messages';
import type { JobContent, StoredAnswer } from '../job-content';
import type { Passing } from '../passing';
import { sharedLayer } from '../shared-layer';

/** What a task gave, encoded. */
export interface Done {
  readonly message: DoneMessage;
  readonly bytes: readonly Bytes[];
  readonly seconds: number;
}

/** How a result gets to those who need it: what is not a stored answer is the result itself. */
export type Kept = { readonly answer: StoredAnswer; readonly bytes: readonly Bytes[] } | undefined;

/** Puts results into the storage. */
export class ResultKeeper {
  readonly #layers: Layers;
  readonly #passing: Passing;

  constructor(layers: Layers, passing: Passing) {
    this.#layers = layers;
    this.#passing = passing;
  }

  /**
   * Saves a result as the checkpoint of its key.
   *
   * @param stale what is there and counts no more
   * @throws {LeaseLostError} when another process computes it now
   * @throws {StorageError}
   */
  async save(
    done: Done,
    content: JobContent,
    task: TaskDefinition,
    stale: readonly Found[],
    lease: Lease | undefined,
  ): Promise<Kept> {
    const { message, seconds } = done;
    const { encoder } = task.options;
    const encoding = encodingOf(done);
    const encoded = this.#layers.alreadyEncoded(encoding, encoder) ?? (await this.#encodeAnew(encoding, task));
    const given = content.facts!;
    const dynamic: RunFacts['dynamic'] = message.holdsRefs ? [...given.dynamic, [given.key, []]] : given.dynamic;
    const facts: RunFacts = { ...given, source: task.source, dynamic, seconds };
    const size = await this.#layers.save(facts, encoded, encoder, stale, lease);
    const { digest } = encoded;
    return kept(done, content, { key: given.key, digest, size, isSaved: true, isOutdated: false });
  }

  /** Leaves a result for those who need it; undefined when it is to go with the answer. @throws {StorageError} */
  async pass(done: Done, content: JobContent, task: TaskDefinition, runId: string | undefined): Promise<Kept> {
    const encoding = encodingOf(done);
    const isOutdated = done.message.isOutdated === true;
    const isSmall = encoding.bytes.byteLength <= content.inlineBytes;
    const layer = sharedLayer(this.#layers);
    if (isOutdated && isSmall)
      return kept(done, content, { key: nowhere, digest: encoding.digest, size: 0, isSaved: false, isOutdated });
    if (isSmall || !content.mayPass || !layer || runId === undefined) return undefined;
    const { key, size } = await this.#passing.put(layer, runId, encoding, task.options.encoder);
    return kept(done, content, { key, digest: encoding.digest, size, isSaved: false, isOutdated });
  }

  /** In the form that the storage wants. */
  async #encodeAnew(
    { serializer, format, bytes }: Encoding,
    { options: { encoder } }: TaskDefinition,
  ): Promise<EncodedResult> {
    const serialization = serializationFor(serializer, format, encoder ? [encoder] : []);
    return this.#layers.encode(await serialization.deserialize(bytes, format), encoder);
  }
}

/** The key of a result that goes with the answer. */
const nowhere = '@passing/none' as TaskKey;

function encodingOf({ message, bytes }: Done): Encoding {
  const { result, digest, compressed } = message;
  const { serializer, format, at } = result;
  return {
    serializer,
    format,
    bytes: bytes[at]!,
    digest: digest ?? digestOf(bytes[at]!, format),
    isView: false,
    compressed: compressed && { compressor: compressed.compressor, bytes: bytes[compressed.at]! },
  };
}

function kept(
  { message, bytes, seconds }: Done,
  { inlineBytes }: JobContent,
  where: Pick<StoredAnswer, 'key' | 'digest' | 'size' | 'isSaved' | 'isOutdated'>,
): Kept {
  const { result, holdsRefs } = message;
  const own = bytes[result.at]!;
  const isSmall = own.byteLength <= inlineBytes;
  const answer: StoredAnswer = {
    type: 'stored',
    ...where,
    seconds,
    holdsRefs,
    wasThere: false,
    inline: isSmall ? { ...result, at: 0 } : undefined,
  };
  return { answer, bytes: isSmall ? [own] : [] };
}
