import { hash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Awaitable, andThen } from '../awaitable';
import type { Bytes, Encoder } from '../encoding/encoder';
import { type Packing, pack } from '../encoding/packing';
import type { TaskKey } from '../task/context';
import { seal } from './decode';
import type { Encoding } from './encode';
import type { Entries } from './entries';
import type { Entry } from './entry';
import { decodeEntry, encodeEntry } from './entry-format';
import type { Lease } from './lease/lease';
import { LeaseLostError } from './lease/lease-lost-error';
import type { CheckpointRecord } from './record';
import type { StorageOptions } from './storage-options';

/** What a record says that only the run knows. */
export type RunFacts = Pick<
  CheckpointRecord,
  'key' | 'task' | 'version' | 'params' | 'source' | 'requires' | 'marks' | 'dynamic' | 'seconds'
> & { readonly refs?: string | undefined; readonly directories?: readonly string[] | undefined };

/** When a checkpoint was saved, and by whom. */
export type Saved = Pick<CheckpointRecord, 'savedAt' | 'savedBy'>;

/** What is to be written. */
export interface Writing {
  readonly facts: RunFacts;
  readonly encoding: Encoding;
  readonly encoder: Encoder;
  /** What is there under the key and counts no more. */
  readonly before: Entry | undefined;
  readonly saved: Saved;
  /** The right to write it, where only one process has that. */
  readonly lease: Lease | undefined;
}

/** A result that took this long or longer is worth an fsync. In seconds. */
const worthIt = 0.02;
const here = `${hostname()}/${process.pid}`;

/** That it was now, and here. */
export function savedNow(): Saved {
  return { savedAt: new Date(), savedBy: here };
}

/** Whether this process saved a checkpoint. */
export function isSavedHere({ savedBy }: Pick<CheckpointRecord, 'savedBy'>): boolean {
  return savedBy === here;
}

/** A record, ready to be written. */
interface Draft {
  readonly record: CheckpointRecord;
  readonly entry: Bytes;
  /** Its bytes, when they are an entry of their own. */
  readonly beside: Bytes | undefined;
  readonly durable: boolean;
}

/** Writes checkpoints into a store. */
export class CheckpointWriter {
  readonly #entries: Entries;
  readonly #fsync: NonNullable<StorageOptions['fsync']>;
  readonly #inlineBytes: number;

  constructor(entries: Entries, { fsync = 'worth-it', inlineBytes = 32_768 }: StorageOptions) {
    this.#entries = entries;
    this.#fsync = fsync;
    this.#inlineBytes = inlineBytes;
  }

  /**
   * Writes a checkpoint: large bytes first, so that a record never points at what is not there.
   *
   * @returns how many bytes are kept
   * @throws {LeaseLostError} when it was to be written by a lease that somebody else has now
   */
  write({ facts, encoding, encoder, before, saved, lease }: Writing): Awaitable<number> {
    const { key } = facts;
    return andThen(packed(encoding, encoder, key), ({ bytes, packing }) => {
      const isOurs = bytes !== encoding.bytes || !encoding.isView || this.#entries.copies;
      const kept = isOurs ? bytes : bytes.slice();
      const isBeside = kept.byteLength > this.#inlineBytes;
      // Written out: spreading `facts` costs more than all the rest of this.
      const record: CheckpointRecord = {
        key,
        task: facts.task,
        version: facts.version,
        params: facts.params,
        source: facts.source,
        requires: facts.requires,
        marks: facts.marks,
        dynamic: facts.dynamic,
        refs: facts.refs,
        serializer: encoding.serializer,
        format: encoding.format,
        compressor: packing.compressor,
        encrypter: packing.encrypter,
        keyId: packing.keyId,
        digest: encoding.digest,
        size: kept.byteLength,
        plainSize: encoding.bytes.byteLength,
        beside: isBeside ? besideName(encoding.digest, packing, kept.byteLength) : undefined,
        directories: facts.directories,
        seconds: facts.seconds,
        savedAt: saved.savedAt,
        savedBy: saved.savedBy,
      };
      const write = (sealed?: string) => {
        const entry = encodeEntry(record, isBeside ? undefined : kept, sealed);
        const draft = { record, entry, beside: isBeside ? kept : undefined, durable: this.#isWorthIt(facts.seconds) };
        return lease ? this.#writeBy(lease, draft, before) : this.#write(draft, before);
      };
      return packing.encrypter === undefined ? write() : andThen(seal(record, encoder), write);
    });
  }

  #isWorthIt(seconds: number): boolean {
    return this.#fsync === 'always' || (this.#fsync === 'worth-it' && seconds >= worthIt);
  }

  #write({ record, entry, beside, durable }: Draft, before: Entry | undefined): Awaitable<number> {
    const { key, size } = record;
    const write = () => andThen(this.#entries.writeSmall(key, entry, durable), () => size);
    // Most are small and new: one write, and nothing to wait for.
    if (!beside && !before) return write();
    const besideWritten = beside && this.#entries.write(besideKey(record), beside, durable);
    return andThen(besideWritten, () => andThen(before && this.#discard(before, record), write));
  }

  /** Deletes a stale checkpoint before another takes its place: replacing a file costs a hundred times a new one. */
  #discard(before: Entry, record: CheckpointRecord): Awaitable<unknown> {
    return andThen(this.#entries.delete(record.key), () => this.#discardBeside(before, record));
  }

  /** What is stale is replaced, not deleted first: in between, it may already be the result of another owner. */
  async #writeBy(lease: Lease, { record, entry, beside, durable }: Draft, before: Entry | undefined): Promise<number> {
    if (beside) await this.#entries.write(besideKey(record), beside, durable);
    const isStale = (bytes: Bytes) => before !== undefined && isEntryOf(bytes, before);
    if (await lease.write({ bytes: entry, durable, isStale })) {
      if (before) await this.#discardBeside(before, record);
      return record.size;
    }
    // Large bytes that were named by chance are this record's alone; others may be needed by the one that counts.
    if (beside && record.encrypter !== undefined) await this.#entries.delete(besideKey(record));
    throw new LeaseLostError(record.key);
  }

  #discardBeside(before: Entry, { beside }: CheckpointRecord): Awaitable<unknown> {
    return before.beside === undefined || before.beside === beside || this.#entries.delete(besideKey(before));
  }
}

/** Compressed, unless that was done already, and encrypted. */
function packed({ bytes, compressed }: Encoding, encoder: Encoder, key: TaskKey): ReturnType<typeof pack> {
  const { compression } = encoder;
  if (compressed === undefined || !compression || (compressed && compressed.compressor !== compression.id))
    return pack(bytes, encoder, key);
  return andThen(pack(compressed?.bytes ?? bytes, { ...encoder, compression: null }, key), ({ bytes, packing }) => ({
    bytes,
    packing: { ...packing, compressor: compressed?.compressor },
  }));
}

/** The key of bytes that are an entry of their own. */
export function besideKey({ key, beside }: Pick<CheckpointRecord, 'key' | 'beside'>): string {
  return `${key}.${beside}`;
}

/**
 * Names large bytes so that a record never finds those of another: by their digest and what was done to them, or by
 * chance, where the digest is to stay secret.
 */
function besideName(digest: string, { compressor, encrypter }: Packing, size: number): string {
  if (encrypter !== undefined) return randomBytes(16).toString('hex');
  return (compressor === undefined ? digest : hash('sha256', `${digest} ${compressor} ${size}`, 'hex')).slice(0, 32);
}

/** Whether bytes are those that an entry was read from. */
function isEntryOf(bytes: Bytes, { key, beside, size, savedBy, savedAt }: Entry): boolean {
  const read = decodeEntry(bytes, key);
  if (read.state !== 'whole') return false;
  const { entry } = read;
  return entry.savedAt === savedAt && entry.savedBy === savedBy && entry.size === size && entry.beside === beside;
}
