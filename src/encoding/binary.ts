import { types } from 'node:util';
import { builtInName } from './built-in-name';
import { extraProperty } from './extra-properties';
import { refuseClass, refuseExtra } from './refusals';
import { FINE, NOT_CBOR, type Walk } from './walk';

/** In the order of the numbers that Node gives them in its V8 format; 9 and 10 are DataView and Buffer. */
export const TYPED_ARRAYS = {
  0: Int8Array,
  1: Uint8Array,
  2: Uint8ClampedArray,
  3: Int16Array,
  4: Uint16Array,
  5: Int32Array,
  6: Uint32Array,
  7: Float32Array,
  8: Float64Array,
  11: BigInt64Array,
  12: BigUint64Array,
} as const;

const CLASSES = Object.values(TYPED_ARRAYS);
const NAMES = new Set<string | undefined>(CLASSES.map((view) => view.name));
const PROTOTYPES = new Set<object>([...CLASSES.map((view) => view.prototype), Buffer.prototype]);
/** cbor-x misreads lengths above this. */
const MAX_CBOR_BYTES = 2 ** 31 - 1;
const MAX_BYTES = 2 ** 32 - 1;

/** What a typed array, Buffer or DataView asks for; its elements are never looked at. */
export function lookAtView(view: ArrayBufferView, prototype: object, walk: Walk): number {
  const forCbor = PROTOTYPES.has(prototype);
  if (!forCbor) {
    const name = builtInName(prototype);
    if (name !== 'DataView' && !NAMES.has(name)) return refuseClass(prototype, walk);
  }
  const extra = types.isTypedArray(view) ? extraProperty(view) : Reflect.ownKeys(view)[0];
  if (extra !== undefined) return refuseExtra(extra, walk);
  const flags = lookAtBuffer(view.buffer, view.byteLength, walk);
  return forCbor ? flags : flags | NOT_CBOR;
}

/** What bytes in this buffer ask for. */
export function lookAtBuffer(buffer: ArrayBufferLike, byteLength: number, walk: Walk): number {
  if (types.isSharedArrayBuffer(buffer)) return walk.refuse('is on a SharedArrayBuffer; return a copy');
  if ((buffer as { resizable?: boolean }).resizable) return walk.refuse('is on a resizable ArrayBuffer; return a copy');
  if (byteLength <= MAX_CBOR_BYTES) return FINE;
  return byteLength <= MAX_BYTES ? NOT_CBOR : walk.refuse('is larger than 4 GiB');
}
