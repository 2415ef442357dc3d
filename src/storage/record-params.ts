import { kindOf } from '../task/data';
import { definitionOf, type TaskDefinition } from '../task/definition';
import type { TaskRef } from '../task/ref';

/**
 * Params as JSON for a record, which people and tools read: bigints, dates and the like become objects with
 * one `$…` key, secrets and long bytes are left out. A key of the params that begins with `$` gets another `$`, so that
 * no param is taken for such an object.
 */
export function recordParams(
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
  switch (kindOf(value)) {
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
          ...(refDepth === 0 && { params: recordParams(params, definition, 1) }),
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
