import { dataKindOf, isPrimitive } from '../task/data';
import type { TaskRef } from '../task/ref';

/** A frozen copy of a value, as used in params. */
export interface DataCopy {
  readonly value: unknown;
  /** True if it contains something that cannot be frozen (Date, Map, typed array…), so that each task needs its own copy. */
  readonly hasMutableParts: boolean;
  /** The task refs in it. */
  readonly refs: readonly TaskRef<unknown>[];
}

export const noRefs: readonly TaskRef<unknown>[] = Object.freeze([]);

/** Copies without refs and without mutable parts. */
const plain = new WeakSet<object>();
/** All other copies, by value. */
const others = new WeakMap<object, DataCopy>();

/** Registers a copy, so that its value is not copied again. */
export function registerCopy(copy: DataCopy): void {
  if (!copy.hasMutableParts && copy.refs.length === 0) plain.add(copy.value as object);
  else others.set(copy.value as object, copy);
}

/** The copy with this object as its value. */
export function findCopy(value: object): DataCopy | undefined {
  return plain.has(value) ? { value, hasMutableParts: false, refs: noRefs } : others.get(value);
}

/** True for the value of a copy without refs: its content never changes. */
export function isConstant(value: object): boolean {
  return plain.has(value) || others.get(value)?.refs.length === 0;
}

/** True if a value would become this copy: equal content, in any order of properties and entries. */
export function isSameData(value: unknown, copy: unknown): boolean {
  if (value === copy) return true;
  if (isPrimitive(value) || isPrimitive(copy)) return Number.isNaN(value) && Number.isNaN(copy);
  if (typeof value !== 'object') return false;
  const kind = dataKindOf(value as object);
  if (kind !== dataKindOf(copy as object)) return false;
  switch (kind) {
    case 'array':
      return isSameArray(value as unknown[], copy as unknown[]);
    case 'object':
      return isSameObject(value as object, copy as object);
    case 'bytes':
      return isSameBytes(value as Uint8Array, copy as Uint8Array);
    case 'map':
      return isSameMap(value as Map<unknown, unknown>, copy as Map<unknown, unknown>);
    case 'set':
      return isSameSet(value as Set<unknown>, copy as Set<unknown>);
    case 'date':
      return Object.is((value as Date).getTime(), (copy as Date).getTime());
    case 'regexp':
      return String(value) === String(copy);
    case 'url':
      return (value as URL).href === (copy as URL).href;
    default:
      return false;
  }
}

function isSameArray(items: readonly unknown[], copied: readonly unknown[]): boolean {
  if (items.length !== copied.length) return false;
  for (let i = 0; i < items.length; i++) if (!isSameData(items[i], copied[i])) return false;
  return true;
}

function isSameObject(object: object, copied: object): boolean {
  if (Object.getOwnPropertySymbols(object).length > 0) return false;
  let count = 0;
  for (const [name, item] of Object.entries(object)) {
    if (item === undefined) continue;
    count++;
    if (!Object.hasOwn(copied, name) || !isSameData(item, (copied as Record<string, unknown>)[name])) return false;
  }
  return count === Object.keys(copied).length;
}

function isSameBytes(bytes: Uint8Array, copied: Uint8Array): boolean {
  if (bytes[Symbol.toStringTag] !== copied[Symbol.toStringTag] || Buffer.isBuffer(bytes) !== Buffer.isBuffer(copied))
    return false;
  return bytes.byteLength === copied.byteLength && viewOf(bytes).equals(viewOf(copied));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Compares keys by identity: Maps with other keys are copied again. */
function isSameMap(map: ReadonlyMap<unknown, unknown>, copied: ReadonlyMap<unknown, unknown>): boolean {
  if (map.size !== copied.size) return false;
  for (const [key, item] of map) if (!copied.has(key) || !isSameData(item, copied.get(key))) return false;
  return true;
}

function isSameSet(set: ReadonlySet<unknown>, copied: ReadonlySet<unknown>): boolean {
  if (set.size !== copied.size) return false;
  for (const item of set) if (!copied.has(item)) return false;
  return true;
}
