import { andThen } from '../../../base/awaitable';
import type { Encoder } from '../../../encoding/encoder';
import { defaultEncoder } from '../../../encoding/make-encoder';
import { StorageError } from '../../../storage/errors';
import { resultDigest } from '../../../storage/result-codec';
import type { TaskKey } from '../../../task/context';
import { TaskDirectory } from '../../../task/directory';
import type { Job } from '../../executor';
import type { EncodedInput, EncodedInputs, InputEncoder, InputPlace } from '../../remote/encoded-inputs';
import type { ResultHandle } from '../../remote/result-handle';
import { isStoredResult } from '../../remote/stored-result';
import type { StoredInput } from '../protocol/job-data';
import { encryptionFor, sharedStore } from '../protocol/shared-store';
import type { TemporaryResults } from '../protocol/temporary-results';

type Stored = StoredInput['stored'];

/** State that the jobs of a run share. */
export interface RunInputs {
  readonly encoded: EncodedInputs;
  /** Of the connection that there is now. */
  readonly temporaryResults: () => TemporaryResults;
  readonly inlineBytes: number;
  /** The bytes of stored results that are small. */
  readonly inline: WeakMap<ResultHandle, EncodedInput>;
  /** Values that were put into the storage for this run. */
  readonly stored: WeakMap<object, Promise<Stored>>;
}

/** Encodes the required results of a job: small ones by value, others by reference to the storage. */
export class JobInputs implements InputEncoder {
  readonly #all: RunInputs;
  readonly #job: Job;
  readonly #missing: ReadonlySet<TaskKey>;

  /** @param missing what a worker did not find in the storage */
  constructor(all: RunInputs, job: Job, missing: ReadonlySet<TaskKey>) {
    this.#all = all;
    this.#job = job;
    this.#missing = missing;
  }

  async encode(value: object, place: InputPlace): Promise<EncodedInput> {
    const stored = this.#storedAs(value, place);
    if (stored && !this.#missing.has(stored.key)) return byReference(stored, place, this.#isFrozen(value));
    const piece = await this.#byValue(value, place);
    const { shared } = this.#job;
    const mustStay =
      piece.bytes.byteLength > this.#all.inlineBytes || this.#mustEncrypt(place.producer?.options.encoder);
    if (!shared || !mustStay) return piece;
    if (!sharedStore(shared.layers)) return this.#withoutStorage(piece, place);
    return byReference(await this.#storeOnce(value, piece, place), place, piece.isFrozen);
  }

  /** Location of a result in the storage, when workers can read it. */
  #storedAs(value: object, { node, producer }: InputPlace): Stored | undefined {
    const { shared } = this.#job;
    if (!shared || !node) return undefined;
    if (isStoredResult(value)) return this.#all.inline.has(value) ? undefined : value.stored;
    // Only values tell the paths of directories.
    if (TaskDirectory.isInUse) return undefined;
    const encoder = producer?.options.encoder;
    const kept = sharedStore(shared.layers)?.encoderFor(encoder).serialization.id;
    return kept === (encoder ?? defaultEncoder).serialization.id ? shared.savedAs(node) : undefined;
  }

  /** Where nothing is written, values travel with the job. @throws {StorageError} when one would travel unencrypted */
  #withoutStorage(piece: EncodedInput, { producer }: InputPlace): EncodedInput {
    if (!this.#mustEncrypt(producer?.options.encoder)) return piece;
    const { node, shared } = this.#job;
    throw new StorageError(
      `what ${node} requires is encrypted, and cannot be left for its worker in ${shared!.layers.location}, which is read-only: chain it with a storage that is written, or give ${node.task.name} an encoder that encrypts`,
      { operation: 'write' },
    );
  }

  async #byValue(value: object, place: InputPlace): Promise<EncodedInput> {
    if (!isStoredResult(value)) return this.#all.encoded.encode(value, place);
    const inline = this.#all.inline.get(value);
    if (inline) return inline;
    const loaded = await value.load();
    if (typeof loaded === 'object' && loaded !== null) return this.#all.encoded.encode(loaded, place);
    const encoder = place.producer?.options.encoder;
    const { serialization } = encoder ?? defaultEncoder;
    return andThen(serialization.serialize(loaded, place.path), ({ format, bytes }) => ({
      serializer: serialization.id,
      format,
      bytes,
      encodedBy: encoder && place.producer?.name,
      isFrozen: true,
    }));
  }

  /** Puts a value into the storage, once for all jobs of the run that need it. */
  async #storeOnce(value: object, piece: EncodedInput, { producer }: InputPlace): Promise<Stored> {
    const { stored } = this.#all;
    const known = await stored.get(value);
    if (known && !this.#missing.has(known.key)) return known;
    const put = this.#store(piece, producer?.options.encoder);
    stored.set(value, put);
    put.catch(() => stored.delete(value));
    return put;
  }

  async #store({ serializer, format, bytes }: EncodedInput, ofTask: Encoder | undefined): Promise<Stored> {
    const { layers, runId } = this.#job.shared!;
    const digest = resultDigest(bytes, format);
    const encoding = { serializer, format, bytes, digest, isView: true };
    const { key } = await this.#all.temporaryResults().put(sharedStore(layers)!, runId, encoding, ofTask);
    return { key, digest };
  }

  /** Whether the result is encrypted in the storage, and the job that needs it is not. */
  #mustEncrypt(ofProducer: Encoder | undefined): boolean {
    const { shared, node } = this.#job;
    return (
      encryptionFor(shared?.layers, ofProducer) !== null &&
      encryptionFor(shared?.layers, node.task.options.encoder) === null
    );
  }

  #isFrozen(value: object): boolean {
    const { freezes = true } = this.#job.shared!;
    return isStoredResult(value) ? freezes : Object.isFrozen(value);
  }
}

function byReference(
  { key, digest }: Stored,
  { producer }: InputPlace,
  isFrozen: boolean,
): EncodedInput & Pick<StoredInput, 'stored'> {
  return {
    stored: { key, digest },
    // The record names the encoding.
    serializer: '',
    format: '',
    bytes: new Uint8Array(),
    encodedBy: producer?.options.encoder && producer.name,
    isFrozen,
  };
}
