import { setTimeout as wait } from 'node:timers/promises';
import { type Awaitable, andThen } from '../awaitable';
import { isInstance } from '../base/describe-error';
import type { Bytes, Encoder } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import { DamagedCheckpointError, GoneCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import { besideKey } from './checkpoint-writer';
import { decode, plainBytesOf, reveal } from './decode';
import { DigestOfParts } from './digest';
import type { Encoding } from './encode';
import type { Entries } from './entries';
import type { Entry } from './entry';
import { decodeEntry } from './entry-format';

/** How often large bytes are looked for before they count as lost. */
const looksForBytes = 3;

/** Reads the checkpoints of one store. */
export class CheckpointReader {
  readonly #entries: Entries;
  readonly #encoderFor: (ofTask: Encoder | undefined) => Encoder;

  /** @param encoderFor what encodes the results of tasks with such an encoder in this store */
  constructor(entries: Entries, encoderFor: (ofTask: Encoder | undefined) => Encoder) {
    this.#entries = entries;
    this.#encoderFor = encoderFor;
  }

  /** The checkpoint of a key. @throws {StorageError | DamagedCheckpointError | UnreadableCheckpointError} */
  find(key: TaskKey, ofTask: Encoder | undefined): Awaitable<Entry | undefined> {
    return andThen(this.#entries.readSmall(key), (bytes) => {
      if (bytes === undefined) return undefined;
      const read = decodeEntry(bytes, key);
      if (read.state === 'damaged') throw new DamagedCheckpointError(key, read.problem);
      if (read.state === 'unreadable') throw new UnreadableCheckpointError(key, read.problem);
      return read.entry.encrypter === undefined ? read.entry : reveal(read.entry, this.#encoderFor(ofTask));
    });
  }

  /** What a checkpoint that was found holds, as it was serialised; its digest is checked. @throws what `find` throws */
  read(entry: Entry, ofTask: Encoder | undefined): Awaitable<Encoding> {
    const isBeside = entry.bytes === undefined && entry.beside !== undefined;
    const digest = isBeside && isAsItWas(entry) ? new DigestOfParts() : undefined;
    const kept = isBeside ? this.#entries.read(besideKey(entry), digest?.add) : entry.bytes;
    return andThen(kept, (bytes) => {
      return bytes === undefined ? this.#readAnew(entry, ofTask) : this.#encodingOf(entry, bytes, ofTask, digest);
    });
  }

  /** The value of a checkpoint that was found. @throws what `find` throws */
  load(entry: Entry, ofTask: Encoder | undefined): Awaitable<unknown> {
    return andThen(this.read(entry, ofTask), (encoding) => decode(entry, encoding, this.#encoderFor(ofTask)));
  }

  /** Whether a checkpoint is there that is not what was saved, as far as that is known without its task's encoder. */
  async isDamaged(key: TaskKey): Promise<boolean> {
    try {
      const entry = await this.find(key, undefined);
      if (entry !== undefined) await this.read(entry, undefined);
      return false;
    } catch (error) {
      return !isInstance(error, GoneCheckpointError);
    }
  }

  /** An entry with what is encrypted in it, when the key to that is here. */
  async revealIfPossible(entry: Entry): Promise<Entry> {
    try {
      return await reveal(entry, this.#encoderFor(undefined));
    } catch {
      // Its key is not here: what is not encrypted can be listed all the same.
      return entry;
    }
  }

  #encodingOf(entry: Entry, bytes: Bytes, ofTask: Encoder | undefined, digest?: DigestOfParts): Awaitable<Encoding> {
    return andThen(plainBytesOf(entry, bytes, this.#encoderFor(ofTask), digest), (plain) => ({
      serializer: entry.serializer,
      format: entry.format,
      bytes: plain,
      digest: entry.digest,
      isView: plain === bytes && !this.#entries.copies,
    }));
  }

  /** Reads a checkpoint whose bytes were let go to save memory, or are gone: what is there now may be newer. */
  async #readAnew(before: Entry, ofTask: Encoder | undefined): Promise<Encoding> {
    const { key } = before;
    for (let looks = 1; ; looks++) {
      this.#entries.refresh();
      const now = await this.find(key, ofTask);
      if (now === undefined) throw new GoneCheckpointError(key);
      if (now.beside === undefined || now.beside !== before.beside) return this.read(now, ofTask);
      const bytes = await this.#entries.read(besideKey(now));
      if (bytes !== undefined) return this.#encodingOf(now, bytes, ofTask);
      if (looks === looksForBytes) throw new DamagedCheckpointError(key, 'its bytes are not there');
      // Other processes may be replacing both just now.
      await wait(10);
    }
  }
}

/** Whether the bytes that are kept are those of the serialised result, neither compressed nor encrypted. */
function isAsItWas({ compressor, encrypter }: Entry): boolean {
  return compressor === undefined && encrypter === undefined;
}
