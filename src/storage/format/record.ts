import type { TaskKey } from '../../task/context';
import { dataKindOf } from '../../task/data';
import { definitionOf, type TaskDefinition } from '../../task/definition';
import type { TaskRef } from '../../task/ref';

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
  readonly blob: string | undefined;
  /** The task directories that belong to it or are in its result, as `Task/hash.d/nonce`; undefined when there is none. */
  readonly directories?: readonly string[] | undefined;
  /** How long the task ran, in seconds. */
  readonly seconds: number;
  readonly savedAt: Date;
  /** The host and process that saved it. */
  readonly savedBy: string;
}

/** The part of a record that tells something of the result: encrypted where the result is. */
export type PrivateFields = Pick<CheckpointRecord, 'params' | 'requires' | 'digest' | 'refs'>;

/** What is encrypted of a record: also the digest of all that stands beside it, which nobody without the key can change then. */
export interface EncryptedFields extends PrivateFields {
  readonly head: string;
}

/**
 * Params as JSON for a record, which people and tools read: bigints, dates and the like become objects with
 * one `$…` key, secrets and long bytes are left out. A key of the params that begins with `$` gets another `$`, so that
 * no param is taken for such an object.
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
  // Assigning would call a setter, such as that of __proto__, and fails where prototypes are frozen.
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
      // Refs hold refs hold refs: deeper ones are told by name.
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
