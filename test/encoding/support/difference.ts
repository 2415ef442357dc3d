import { types } from 'node:util';

type Twins = { readonly there: Map<object, object>; readonly back: Map<object, object> };

/** The path at which two values differ in content, class, key order or object identity; undefined when they are equal. */
export function difference(
  a: unknown,
  b: unknown,
  path = '',
  twins: Twins = { there: new Map(), back: new Map() },
): string | undefined {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
    return Object.is(a, b) ? undefined : `${path}: ${String(a)} and ${String(b)}`;
  }
  if (twins.there.has(a) || twins.back.has(b))
    return twins.there.get(a) === b && twins.back.get(b) === a ? undefined : `${path}: shared otherwise`;
  twins.there.set(a, b);
  twins.back.set(b, a);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: classes differ`;
  if (essence(a) !== essence(b)) return `${path}: ${essence(a)} and ${essence(b)}`;
  const [partsOfA, partsOfB] = [parts(a), parts(b)];
  if (partsOfA.length !== partsOfB.length) return `${path}: ${partsOfA.length} and ${partsOfB.length} parts`;
  for (const [i, [key, part]] of partsOfA.entries()) {
    const [otherKey, otherPart] = partsOfB[i]!;
    if (key !== otherKey) return `${path}: keys ${String(key)} and ${String(otherKey)}`;
    const found = difference(part, otherPart, `${path}/${String(key)}`, twins);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value of an object that its properties do not show. */
function essence(object: object): string {
  if (ArrayBuffer.isView(object))
    return Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('latin1');
  if (types.isArrayBuffer(object)) return Buffer.from(object).toString('latin1');
  if (types.isDate(object)) return String(object.getTime());
  if (types.isRegExp(object)) return `${String(object)} ${object.lastIndex}`;
  if (types.isNativeError(object)) return JSON.stringify([object.name, object.message, object.stack]);
  if (object instanceof URL) return object.href;
  return Array.isArray(object) ? `length ${object.length}` : '';
}

function parts(object: object): [PropertyKey, unknown][] {
  if (ArrayBuffer.isView(object)) return [];
  const items = types.isMap(object) ? [...object].flat() : types.isSet(object) ? [...object] : [];
  const properties = Reflect.ownKeys(object)
    .filter((key) => !(key === 'stack' && types.isNativeError(object)))
    .map((key): [PropertyKey, unknown] => [key, (object as Record<PropertyKey, unknown>)[key]]);
  return [...items.map((item, i): [PropertyKey, unknown] => [i, item]), ...properties];
}
