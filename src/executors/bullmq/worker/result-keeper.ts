import { isInstance } from '../../../base/describe-error';
import { showTask } from '../../../base/show';
import type { Bytes, Encoder } from '../../../encoding/encoder';
import { findSerialization } from '../../../encoding/serialization/find-serialization';
import { assertSavedParams } from '../../../storage/custom-key';
import { DamagedCheckpointError, UnencryptedCheckpointError } from '../../../storage/errors';
import type { StoredCheckpoint } from '../../../storage/format/stored-checkpoint';
import type { Lease } from '../../../storage/leases/lease';
import { type EncodedForms, resultDigest, type SerializedValue } from '../../../storage/result-codec';
import type { CheckpointHit, StorageStack } from '../../../storage/storage-stack';
import { type ExpectedCheckpoint, whyStale } from '../../../storage/validity';
import type { RecordFields } from '../../../storage/write-checkpoint';
import type { TaskKey } from '../../../task/context';
import type { TaskDefinition } from '../../../task/definition';
import type { DoneMessage } from '../../remote/messages';
import type { JobContent, StoredAnswer } from '../protocol/job-data';
import { sharedStore } from '../protocol/shared-store';
import type { TemporaryResults } from '../protocol/temporary-results';

/** The encoded result of a task. */
export interface EncodedOutput {
  readonly message: DoneMessage;
  readonly bytes: readonly Bytes[];
  readonly seconds: number;
}

/** Answer for a result in the storage; undefined when the result itself has to be sent. */
export type KeptResult = { readonly answer: StoredAnswer; readonly bytes: readonly Bytes[] } | undefined;

/** Puts results into the storage. */
export class ResultKeeper {
  readonly #layers: StorageStack;
  readonly #temporaryResults: TemporaryResults;

  constructor(layers: StorageStack, passing: TemporaryResults) {
    this.#layers = layers;
    this.#temporaryResults = passing;
  }

  /**
   * Saves a result as the checkpoint of its key.
   *
   * @param stale what is there and counts no more
   * @throws {LeaseLostError} when another process computes it now
   * @throws {StorageError}
   */
  async save(
    done: EncodedOutput,
    content: JobContent,
    task: TaskDefinition,
    stale: readonly CheckpointHit[],
    lease: Lease | undefined,
  ): Promise<KeptResult> {
    const { message, seconds } = done;
    const { encoder } = task.options;
    const encoding = encodingOf(done);
    const encoded = this.#layers.reuseEncoded(encoding, encoder) ?? (await this.#reencode(encoding, task));
    const given = content.facts!;
    const dynamic: RecordFields['dynamic'] = message.holdsRefs ? [...given.dynamic, [given.key, []]] : given.dynamic;
    const facts: RecordFields = { ...given, source: task.source, dynamic, seconds };
    const size = await this.#layers.save({ fields: facts, forms: encoded, encoder, stale, lease });
    const { digest } = encoded;
    return storedAnswer(done, content, { key: given.key, digest, size, isSaved: true, isOutdated: false });
  }

  /** Keeps an unsaved result in the storage for its run; undefined when it is sent with the answer. @throws {StorageError} */
  async keepTemporarily(
    done: EncodedOutput,
    content: JobContent,
    task: TaskDefinition,
    runId: string | undefined,
  ): Promise<KeptResult> {
    const encoding = encodingOf(done);
    const isOutdated = done.message.isOutdated === true;
    const isSmall = encoding.bytes.byteLength <= content.inlineBytes;
    const layer = sharedStore(this.#layers);
    if (isOutdated && isSmall)
      return storedAnswer(done, content, {
        key: inlineOnly,
        digest: encoding.digest,
        size: 0,
        isSaved: false,
        isOutdated,
      });
    if (isSmall || !content.mayPass || !layer || runId === undefined) return undefined;
    const { key, size } = await this.#temporaryResults.put(layer, runId, encoding, task.options.encoder);
    return storedAnswer(done, content, { key, digest: encoding.digest, size, isSaved: false, isOutdated });
  }

  /** In the form that the storage wants. */
  async #reencode(
    { serializer, format, bytes }: SerializedValue,
    { options: { encoder } }: TaskDefinition,
  ): Promise<EncodedForms> {
    const serialization = findSerialization(serializer, format, encoder ? [encoder] : []);
    return this.#layers.encode(await serialization.deserialize(bytes, format), encoder);
  }
}

/** The key of a result that goes with the answer. */
const inlineOnly = '@passing/none' as TaskKey;

function encodingOf({ message, bytes }: EncodedOutput): SerializedValue {
  const { result, digest, compressed } = message;
  const { serializer, format, at } = result;
  return {
    serializer,
    format,
    bytes: bytes[at]!,
    digest: digest ?? resultDigest(bytes[at]!, format),
    isView: false,
    compressed: compressed && { compressor: compressed.compressor, bytes: bytes[compressed.at]! },
  };
}

function storedAnswer(
  { message, bytes, seconds }: EncodedOutput,
  { inlineBytes }: JobContent,
  where: Pick<StoredAnswer, 'key' | 'digest' | 'size' | 'isSaved' | 'isOutdated'>,
): KeptResult {
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

/** Checkpoints under the key of a job: the one that counts, and those that do not. */
interface SavedLookup {
  readonly found: CheckpointHit | undefined;
  readonly stale: readonly CheckpointHit[];
}

/**
 * Finds the result of a job when it was saved after the job was added: by another run, or by a worker that was lost
 * before it could answer.
 *
 * @throws {StorageError | UnreadableCheckpointError}
 * @throws {DeclarationError} when the task's own key function gave the key of other params
 */
export async function findSaved(
  facts: Omit<RecordFields, 'seconds'>,
  task: TaskDefinition,
  layers: StorageStack,
): Promise<SavedLookup> {
  const { options } = task;
  // Stricter than a run: a worker knows neither the rules of the runner for changed source nor the paths of directories.
  const expected: ExpectedCheckpoint = {
    marks: facts.marks,
    sources: [facts.source, task.source],
    missingDirectory: ({ directories: [first] }) => first,
    requires: facts.requires,
    dynamic: facts.dynamic,
  };
  const stale: CheckpointHit[] = [];
  for (const from of layers.reads) {
    const checkpoint = await findIn(from, facts, options.encoder);
    if (!checkpoint) continue;
    if (options.key) assertSameParams(task, facts, checkpoint);
    if (whyStale(checkpoint, expected) === undefined) return { found: { from, checkpoint }, stale };
    stale.push({ from, checkpoint });
  }
  return { found: undefined, stale };
}

async function findIn(
  { store }: StorageStack['reads'][number],
  { key }: Pick<RecordFields, 'key'>,
  encoder: Encoder | undefined,
): Promise<StoredCheckpoint | undefined> {
  try {
    return await store.find(key, encoder);
  } catch (error) {
    // Damaged and unencrypted checkpoints are replaced.
    if (isInstance(error, DamagedCheckpointError) || isInstance(error, UnencryptedCheckpointError)) return undefined;
    throw error;
  }
}

function assertSameParams(
  task: TaskDefinition,
  { key, params }: Pick<RecordFields, 'key' | 'params'>,
  entry: StoredCheckpoint,
): void {
  assertSavedParams({ task, key, shown: showTask(task.name, params) }, entry.toRecord().params, params);
}
