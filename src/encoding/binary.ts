import { types } from 'node:util';
import { builtInName } from '../base/built-in-name';
import { extraProperty } from './extra-properties';
import { TYPED_ARRAYS } from './raw';
import { refuseClass, refuseExtra } from './refusals';
import { isSegment } from './segments';
import { FINE, NOT_CBOR, SEGMENTS, STOP, type Walk } from './walk';

const PROTOTYPES = new Set<object>([...TYPED_ARRAYS.map((view) => view.prototype), Buffer.prototype]);
const NAMES = new Set<string | undefined>(TYPED_ARRAYS.map((view) => view.name));
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
  if (flags >= STOP) return flags;
  if (isSegment(view)) return SEGMENTS;
  return forCbor ? flags : flags | NOT_CBOR;
}

/** What bytes in this buffer ask for. */
export function lookAtBuffer(buffer: ArrayBufferLike, byteLength: number, walk: Walk): number {
  if (types.isSharedArrayBuffer(buffer)) return walk.refuse('is on a SharedArrayBuffer; return a copy');
  if ((buffer as { resizable?: boolean }).resizable) return walk.refuse('is on a resizable ArrayBuffer; return a copy');
  if (byteLength <= MAX_CBOR_BYTES) return FINE;
  return byteLength <= MAX_BYTES ? NOT_CBOR : walk.refuse('is larger than 4 GiB');
}
