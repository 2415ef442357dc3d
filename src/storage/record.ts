import type { TaskKey } from '../task/context';

/** What is known of a saved result besides its bytes. */
export interface CheckpointRecord {
  readonly key: TaskKey;
  readonly task: string;
  readonly version: string | number | undefined;
  /**
   * The params as JSON, for people: what JSON cannot hold is an object with one `$…` key, and a key of the params
   * that begins with `$` has another `$` before it; `{ $encrypted: true }` when the key to them is not here.
   */
  readonly params: Readonly<Record<string, unknown>>;
  /** A hash of the source text of the task's class. */
  readonly source: string;
  /** The keys of what it required, each with the digest of the result that it was given, if that one was saved. */
  readonly requires: readonly (readonly [TaskKey, string | null])[];
  /** The clear marks on it, or on what it came from, that its run had seen; as it is kept, the epochs of stores as well. */
  readonly marks: readonly string[];
  /** The tasks among those it came from whose results held refs, each with the keys of those refs. */
  readonly dynamic: readonly (readonly [TaskKey, readonly TaskKey[]])[];
  /** Those refs, encoded, to see whether their keys are still the same. */
  readonly refs: string | undefined;
  /** The filters and the serializer, and which of its formats it chose. */
  readonly serializer: string;
  readonly format: string;
  /** What made the bytes smaller, if something did. */
  readonly compressor: string | undefined;
  /** What made them unreadable for others, and with which of its keys. */
  readonly encrypter: string | undefined;
  readonly keyId: string | undefined;
  /** SHA-256 of the serialised result (and, of a typed array, of its class), before compression and encryption; empty when encrypted and the key is not here. */
  readonly digest: string;
  /** How many bytes are kept, and how many the serialised result has. */
  readonly size: number;
  readonly plainSize: number;
  /** When the bytes are an entry of their own: what follows the key and a dot in its name. */
  readonly beside: string | undefined;
  /** The task directories that belong to it or are in its result, as `Task/hash.d/nonce`; undefined when there is none. */
  readonly directories?: readonly string[] | undefined;
  /** How long the task ran, in seconds. */
  readonly seconds: number;
  readonly savedAt: Date;
  /** The host and process that saved it. */
  readonly savedBy: string;
}

/** The part of a record that tells something of the result: encrypted where the result is. */
export type PrivateFacts = Pick<CheckpointRecord, 'params' | 'requires' | 'digest' | 'refs'>;

/** What is encrypted of a record: also the digest of all that stands beside it, which nobody without the key can change then. */
export interface SealedFacts extends PrivateFacts {
  readonly head: string;
}
