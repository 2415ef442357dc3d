import type { Bytes } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import type { CheckpointRecord, PrivateFacts } from './record';

/** The number of words between the checksum and the JSON. */
const wordCount = 14;
/** The word for what there is none of. */
export const nothing = '-';
/** The word in place of what is encrypted. */
export const hidden = '*';

/** A record, and its bytes when they are small, as they were read. Only what decides about loading is parsed at once. */
export class Entry {
  readonly key: TaskKey;
  readonly size: number;
  readonly plainSize: number;
  readonly beside: string | undefined;
  readonly source: string;
  readonly serializer: string;
  readonly format: string;
  readonly compressor: string | undefined;
  readonly encrypter: string | undefined;
  readonly keyId: string | undefined;
  readonly marks: readonly string[];
  /** Undefined when they are an entry of their own, or were let go of. */
  bytes: Bytes | undefined;
  /** What was encrypted, once it is decrypted. */
  revealed: PrivateFacts | undefined;
  readonly #digest: string;
  readonly #dynamic: string;
  readonly #requires: string;
  readonly #json: string;

  /** @throws {Error} when something else than a record was written under a right checksum */
  constructor(line: string, bytes: Bytes | undefined) {
    const words = line.split(' ', wordCount);
    if (words.length < wordCount) throw new Error('too few words');
    let jsonStart = wordCount;
    for (const word of words) jsonStart += word.length;
    this.key = words[0] as TaskKey;
    this.#digest = words[1]!;
    this.size = countOf(words[2]!);
    this.plainSize = countOf(words[3]!);
    this.beside = wordOf(words[4]!);
    this.source = words[5]!;
    this.serializer = words[6]!;
    this.format = words[7]!;
    this.compressor = wordOf(words[8]!);
    this.encrypter = wordOf(words[9]!);
    this.keyId = wordOf(words[10]!);
    this.marks = listOf(words[11]!, ',');
    this.#dynamic = words[12]!;
    this.#requires = words[13]!;
    this.#json = line.slice(jsonStart);
    this.bytes = bytes;
  }

  /** What is encrypted, as base64; undefined when nothing is. */
  get sealed(): string | undefined {
    return this.encrypter === undefined ? undefined : this.#details().sealed;
  }

  get digest(): string {
    return this.#digest === hidden ? (this.revealed?.digest ?? '') : this.#digest;
  }

  get requires(): CheckpointRecord['requires'] {
    if (this.#requires === hidden) return this.revealed?.requires ?? [];
    return listOf(this.#requires, ',').map((pair) => {
      const [key, digest] = pair.split('=');
      return [key as TaskKey, wordOf(digest!) ?? null];
    });
  }

  /** Whether its result, or one that it came from, holds refs. */
  get isDynamic(): boolean {
    return this.#dynamic !== nothing;
  }

  /** Whether its own result holds refs. */
  get holdsRefs(): boolean {
    return this.isDynamic && this.dynamic.some(([key]) => key === this.key);
  }

  get refs(): string | undefined {
    return this.revealed ? this.revealed.refs : this.#details().refs;
  }

  get dynamic(): CheckpointRecord['dynamic'] {
    return listOf(this.#dynamic, ';').map((pair) => {
      const [key, refs] = pair.split('=');
      return [key as TaskKey, listOf(refs!, ',') as TaskKey[]];
    });
  }

  /** The names of the task directories that belong to it or are in its result. */
  get directories(): readonly string[] {
    // They are the last of the JSON; most entries need not be parsed to see that they have none.
    return this.#json.endsWith(']}') ? (this.#details().directories ?? none) : none;
  }

  get seconds(): number {
    return this.#details().seconds;
  }

  /** In milliseconds since 1970. */
  get savedAt(): number {
    return this.#details().savedAt;
  }

  get savedBy(): string {
    return this.#details().savedBy;
  }

  /** All that is known, as plain data. */
  toRecord(): CheckpointRecord {
    const { task, version, params, seconds, savedAt, savedBy, directories } = this.#details();
    return {
      key: this.key,
      task,
      version,
      params: params ?? this.revealed?.params ?? { $encrypted: true },
      source: this.source,
      requires: this.requires,
      marks: this.marks,
      dynamic: this.dynamic,
      refs: this.isDynamic ? this.refs : undefined,
      serializer: this.serializer,
      format: this.format,
      compressor: this.compressor,
      encrypter: this.encrypter,
      keyId: this.keyId,
      digest: this.digest,
      size: this.size,
      plainSize: this.plainSize,
      beside: this.beside,
      directories,
      seconds,
      savedAt: new Date(savedAt),
      savedBy,
    };
  }

  #details(): Details {
    return JSON.parse(Buffer.from(this.#json, 'latin1').toString());
  }
}

/** What stands in the JSON of an entry. */
interface Details {
  readonly task: string;
  readonly version?: string | number;
  readonly params?: Record<string, unknown>;
  readonly seconds: number;
  readonly savedAt: number;
  readonly savedBy: string;
  readonly refs?: string;
  readonly sealed?: string;
  readonly directories?: readonly string[];
}

function wordOf(word: string): string | undefined {
  return word === nothing ? undefined : word;
}

const none: readonly string[] = Object.freeze([]);

function listOf(word: string, separator: string): readonly string[] {
  return word === nothing ? none : word.split(separator);
}

function countOf(word: string): number {
  const count = Number(word);
  if (!Number.isSafeInteger(count) || count < 0) throw new Error('not a count');
  return count;
}
