import fc from 'fast-check';

export type Container = unknown[] | Map<unknown, unknown> | Set<unknown> | Record<string, unknown>;

const strings = fc.oneof(
  { weight: 4, arbitrary: fc.string() },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 150 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      `\ufeff${'a'.repeat(99)}`,
      'é'.repeat(70),
      'x'.repeat(5_000),
    ),
  },
);

const leaves = fc.oneof(
  strings,
  fc.double(),
  fc.integer(),
  fc.constantFrom(undefined, null, true, false, -0, Number.NaN),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a+/g, /\//, /[\n]/u).map((expression) => new RegExp(expression)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 200 }),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.uint8Array().map((bytes) => new Uint16Array(new Uint8Array([...bytes, ...bytes, 0, 0]).buffer, 2)),
);
const leavesForV8 = fc.oneof(
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
);

/** Values of every type that can be saved: with types that only CBOR supports, only V8, or both. */
export function anyValue(onlyBy: readonly ('cbor' | 'v8' | 'v8 without cycles')[]): fc.Arbitrary<unknown> {
  const { value } = fc.letrec((tie) => {
    const inner = tie('value');
    const entries = fc.array(fc.tuple(strings, inner), { maxLength: 5 });
    const objects = entries.map((list) => {
      // Assigning would call the setter of __proto__.
      const object = {};
      for (const [key, item] of list)
        Object.defineProperty(object, key, { value: item, enumerable: true, writable: true, configurable: true });
      return object;
    });
    const containers: fc.Arbitrary<unknown>[] = [
      fc.array(inner, { maxLength: 5 }),
      objects,
      fc.array(fc.tuple(inner, inner), { maxLength: 4 }).map((list) => new Map(list)),
      fc.array(inner, { maxLength: 4 }).map((list) => new Set(list)),
    ];
    if (onlyBy.includes('cbor')) {
      containers.push(
        objects
          .filter((object) => !Object.hasOwn(object, '__proto__'))
          .map((object) => Object.assign(Object.create(null), object)),
        fc.webUrl().map((url) => new URL(url)),
      );
    }
    if (onlyBy.includes('v8')) {
      containers.push(
        leavesForV8,
        fc
          .array(fc.option(inner, { nil: null }), { maxLength: 4 })
          .map((list) =>
            list.reduce<unknown[]>((all, item, i) => (item === null ? all : Object.assign(all, { [i]: item })), []),
          ),
      );
    }
    if (onlyBy.includes('v8 without cycles')) {
      const kinds = fc.constantFrom(Error, TypeError, RangeError, SyntaxError);
      containers.push(
        fc.tuple(kinds, fc.string(), inner).map(([Kind, message, cause]) => new Kind(message, { cause })),
      );
    }
    return { value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaves, ...containers) };
  });
  // Excludes types that only V8 supports beside types that only CBOR supports.
  return onlyBy.includes('cbor') && onlyBy.length === 1 ? value.filter(carriedByCbor) : value;
}

/** The objects in a value that can contain others. */
export function containersOf(value: unknown): Container[] {
  const found = new Set<object>();
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null && !ArrayBuffer.isView(item)) found.add(item);
  };
  add(value);
  for (const object of found) {
    if (object instanceof Map) for (const pair of object) pair.forEach(add);
    else if (object instanceof Set) object.forEach(add);
    else Object.values(object).forEach(add);
  }
  return [...found].filter(isContainer);
}

function isContainer(object: object): object is Container {
  const prototype = Object.getPrototypeOf(object);
  return [null, Object.prototype, Array.prototype, Map.prototype, Set.prototype].includes(prototype);
}

export function put(into: Container, item: unknown): void {
  if (Array.isArray(into)) into.push(item);
  else if (into instanceof Map) into.set(`put${into.size}`, item);
  else if (into instanceof Set) into.add(item);
  else into[`put${Object.keys(into).length}`] = item;
}

function carriedByCbor(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.startsWith('\ufeff');
  if (value instanceof Date)
    return Math.round((value.getTime() / 1000) * 1000) === value.getTime() || Number.isNaN(value.getTime());
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true;
  if (value instanceof Map) return [...value].flat().every(carriedByCbor);
  if (value instanceof Set) return [...value].every(carriedByCbor);
  return !Object.hasOwn(value, '__proto__') && Object.entries(value).flat().every(carriedByCbor);
}
