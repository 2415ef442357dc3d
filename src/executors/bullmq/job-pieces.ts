import { andThen } from '../../awaitable';
import { defaultEncoder } from '../../encoding/default-encoder';
import type { Encoder } from '../../encoding/encoder';
import { digestOf } from '../../storage/digest';
import { StorageError } from '../../storage/storage-error';
import type { TaskKey } from '../../task/context';
import { TaskDirectory } from '../../task/directory';
import type { Job } from '../executor';
import type { Piece, PieceMaker, PiecePlace, Pieces } from '../pool/pieces';
import { isStoredResult, type StoredResult } from '../stored-result';
import type { StoredPiece } from './job-content';
import type { Passing } from './passing';
import { encryptionFor, sharedLayer } from './shared-layer';

type Stored = StoredPiece['stored'];

/** What is shared by the jobs of a run. */
export interface RunPieces {
  readonly pieces: Pieces;
  /** Of the connection that there is now. */
  readonly passing: () => Passing;
  readonly inlineBytes: number;
  /** The bytes of stored results that are small. */
  readonly inline: WeakMap<StoredResult, Piece>;
  /** Values that were put into the storage for this run. */
  readonly passed: WeakMap<object, Promise<Stored>>;
}

/** How a job's required results travel: small ones with it, others as what lies in the storage. */
export class JobPieces implements PieceMaker {
  readonly #all: RunPieces;
  readonly #job: Job;
  readonly #missing: ReadonlySet<TaskKey>;

  /** @param missing what a worker did not find in the storage */
  constructor(all: RunPieces, job: Job, missing: ReadonlySet<TaskKey>) {
    this.#all = all;
    this.#job = job;
    this.#missing = missing;
  }

  async of(value: object, place: PiecePlace): Promise<Piece> {
    const stored = this.#storedAs(value, place);
    if (stored && !this.#missing.has(stored.key)) return asStored(stored, place, this.#isFrozen(value));
    const piece = await this.#byValue(value, place);
    const { shared } = this.#job;
    const mustStay =
      piece.bytes.byteLength > this.#all.inlineBytes || this.#isMoreSecret(place.producer?.options.encoder);
    if (!shared || !mustStay) return piece;
    if (!sharedLayer(shared.layers)) return this.#withoutStorage(piece, place);
    return asStored(await this.#pass(value, piece, place), place, piece.isFrozen);
  }

  /** What it is in the storage, as far as workers can read that. */
  #storedAs(value: object, { node, producer }: PiecePlace): Stored | undefined {
    const { shared } = this.#job;
    if (!shared || !node) return undefined;
    if (isStoredResult(value)) return this.#all.inline.has(value) ? undefined : value;
    // Where directories are is told by values only.
    if (TaskDirectory.isInUse) return undefined;
    const encoder = producer?.options.encoder;
    const kept = sharedLayer(shared.layers)?.encoderFor(encoder).serialization.id;
    return kept === (encoder ?? defaultEncoder).serialization.id ? shared.savedAs(node) : undefined;
  }

  /** Where nothing is written, values travel with the job. @throws {StorageError} when one would travel unencrypted */
  #withoutStorage(piece: Piece, { producer }: PiecePlace): Piece {
    if (!this.#isMoreSecret(producer?.options.encoder)) return piece;
    const { node, shared } = this.#job;
    throw new StorageError(
      `what ${node} requires is encrypted, and cannot be left for its worker in ${shared!.layers.location}, which is read-only: chain it with a storage that is written, or give ${node.task.name} an encoder that encrypts`,
      { operation: 'write' },
    );
  }

  async #byValue(value: object, place: PiecePlace): Promise<Piece> {
    if (!isStoredResult(value)) return this.#all.pieces.of(value, place);
    const inline = this.#all.inline.get(value);
    if (inline) return inline;
    const loaded = await value.load();
    if (typeof loaded === 'object' && loaded !== null) return this.#all.pieces.of(loaded, place);
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
  async #pass(value: object, piece: Piece, { producer }: PiecePlace): Promise<Stored> {
    const { passed } = this.#all;
    const known = await passed.get(value);
    if (known && !this.#missing.has(known.key)) return known;
    const put = this.#put(piece, producer?.options.encoder);
    passed.set(value, put);
    put.catch(() => passed.delete(value));
    return put;
  }

  async #put({ serializer, format, bytes }: Piece, ofTask: Encoder | undefined): Promise<Stored> {
    const { layers, runId } = this.#job.shared!;
    const digest = digestOf(bytes, format);
    const encoding = { serializer, format, bytes, digest, isView: true };
    const { key } = await this.#all.passing().put(sharedLayer(layers)!, runId, encoding, ofTask);
    return { key, digest };
  }

  /** Whether a result is encrypted where it lies, and the job that needs it is not. */
  #isMoreSecret(ofProducer: Encoder | undefined): boolean {
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

function asStored(
  { key, digest }: Stored,
  { producer }: PiecePlace,
  isFrozen: boolean,
): Piece & Pick<StoredPiece, 'stored'> {
  return {
    stored: { key, digest },
    // The record says how it is encoded.
    serializer: '',
    format: '',
    bytes: new Uint8Array(),
    encodedBy: producer?.options.encoder && producer.name,
    isFrozen,
  };
}
