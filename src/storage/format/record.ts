import type { TaskKey } from '../../task/context';
import { dataKindOf } from '../../task/data';
import { definitionOf, type TaskDefinition } from '../../task/definition';
import type { TaskRef } from '../../task/ref';

/** The metadata of a saved result. */
export interface CheckpointRecord {
  readonly key: TaskKey;
  readonly task: string;
  readonly version: string | number | undefined;
  /**
   * The params as JSON, for people. A value that JSON cannot hold is an object with one `$…` key, and a name that
   * begins with `$` gets another `$`. `{ $encrypted: true }` when the key to decrypt them is not here.
   */
  readonly params: Readonly<Record<string, unknown>>;
  /** A hash of the source text of the task class. */
  readonly source: string;
  /** The keys of the required results, each with the digest of the result, or null if it was not saved. */
  readonly requires: readonly (readonly [TaskKey, string | null])[];
  /** The clear marks on the result and on its ancestors that its run had seen; in a stored record also the epochs of the stores. */
  readonly marks: readonly string[];
  /** The ancestors whose results held refs, each with the keys of those refs. */
  readonly dynamic: readonly (readonly [TaskKey, readonly TaskKey[]])[];
  /** Those refs, encoded, to check if their keys are still the same. */
  readonly refs: string | undefined;
  /** The filters and the serializer, and the format that it chose. */
  readonly serializer: string;
  readonly format: string;
  /** The compressor of the bytes; undefined if they are not compressed. */
  readonly compressor: string | undefined;
  /** The encrypter of the bytes, and the id of its key; undefined if they are not encrypted. */
  readonly encrypter: string | undefined;
  readonly keyId: string | undefined;
  /** SHA-256 of the serialised result (of a typed array, also of its class) before compression and encryption; empty when it is encrypted and the key is not here. */
  readonly digest: string;
  /** The size of the stored bytes, and of the serialised result. */
  readonly size: number;
  readonly plainSize: number;
  /** The name of the blob, when the bytes are an entry of their own: its key is the key of the record, a dot and this name. */
  readonly blob: string | undefined;
  /** The task directories that belong to the result or are in it, as `Task/hash.d/nonce`. */
  readonly directories?: readonly string[] | undefined;
  /** The duration of the task, in seconds. */
  readonly seconds: number;
  readonly savedAt: Date;
  /** The host and the process that saved it. */
  readonly savedBy: string;
}

/** The fields of a record that reveal something of the result: encrypted if the result is. */
export type PrivateFields = Pick<CheckpointRecord, 'params' | 'requires' | 'digest' | 'refs'>;

/** The encrypted part of a record. The digest of the head keeps others from changing the rest. */
export interface EncryptedFields extends PrivateFields {
  readonly head: string;
}

/**
 * Converts params to the JSON of a record, which people and tools read: a bigint, a date and the like become an object
 * with one `$…` key; secrets and long bytes are omitted. A name that begins with `$` gets another `$`, so that no
 * param can be mistaken for such an object.
 */
export function paramsToJson(
  params: Readonly<Record<string, unknown>>,
  { secrets }: TaskDefinition,
  refDepth = 0,
): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const name of Object.keys(params))
    setOwn(json, name, secrets.has(name) ? { $secret: true } : toJson(params[name], refDepth));
  return json;
}

function setOwn(json: Record<string, unknown>, name: string, value: unknown): void {
  const escaped = name.startsWith('$') ? `$${name}` : name;
  // Assigning would call a setter, such as that of __proto__, and fails with frozen prototypes.
  if (!(escaped in json)) json[escaped] = value;
  else Object.defineProperty(json, escaped, { value, enumerable: true, writable: true, configurable: true });
}

const shownBytes = 64;

function toJson(value: unknown, refDepth: number): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: String(value) };
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'object':
      return value === null ? null : objectToJson(value, refDepth);
    default:
      return value;
  }
}

function objectToJson(value: object, refDepth: number): unknown {
  switch (dataKindOf(value)) {
    case 'array':
      return (value as unknown[]).map((item) => toJson(item, refDepth));
    case 'date':
      return { $date: (value as Date).getTime() };
    case 'regexp':
      return { $regexp: String(value) };
    case 'url':
      return { $url: (value as URL).href };
    case 'map':
      return {
        $map: Array.from(value as Map<unknown, unknown>, (entry) => entry.map((item) => toJson(item, refDepth))),
      };
    case 'set':
      return { $set: Array.from(value as Set<unknown>, (item) => toJson(item, refDepth)) };
    case 'bytes': {
      const { byteLength, buffer, byteOffset } = value as Uint8Array;
      const text = byteLength <= shownBytes ? Buffer.from(buffer, byteOffset, byteLength).toString('base64') : null;
      return { $bytes: { type: value.constructor.name, size: byteLength, base64: text } };
    }
    case 'ref': {
      const { task, params, path } = value as TaskRef<unknown>;
      // Refs hold refs, which hold refs: nested ones are shown by name.
      const definition = definitionOf(task);
      return {
        $task: {
          name: definition.name,
          ...(refDepth === 0 && { params: paramsToJson(params, definition, 1) }),
          ...(path.length > 0 && { path }),
        },
      };
    }
    default: {
      const json: Record<string, unknown> = {};
      for (const [name, item] of Object.entries(value)) setOwn(json, name, toJson(item, refDepth));
      return json;
    }
  }
}
