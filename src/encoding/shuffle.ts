import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';
import { type Awaitable, andThen } from '../base/awaitable';
import { shareClass } from '../base/shared-state';
import type { Bytes } from './encoder';
import type { Filter } from './parts';
import type { Binary } from './serialization/typed-arrays';

/** Larger arrays are shuffled in pieces, so that other work can run in between. In bytes; a multiple of every element size. */
const pieceBytes = 1024 * 1024;

/**
 * A filter for typed arrays: groups the first bytes of all elements, then the second ones, and so on, which makes
 * numbers compress much better. Leaves other results unchanged.
 *
 * @example
 * const measurements = encoder({ filters: [shuffle()], compressor: zstd() });
 */
export function shuffle(): Filter {
  return new ShuffleFilter();
}

/** Reorders the bytes of typed arrays. */
export class ShuffleFilter {
  static {
    shareClass(ShuffleFilter, 'ShuffleFilter');
  }

  readonly id = 'shuffle';

  encode(value: unknown): unknown {
    if (!isOrdinaryBinary(value)) return value;
    const { bytes } = loadTypedArrays().encodeRaw(value);
    const type = loadTypedArrays().binaryTypeOf(value);
    // The name of the class and its length follow the bytes.
    const name = Buffer.from(type);
    const shuffled = new Uint8Array(bytes.byteLength + name.length + 1);
    shuffled.set(name, bytes.byteLength);
    shuffled[shuffled.length - 1] = name.length;
    return andThen(transpose(bytes, shuffled, loadTypedArrays().elementSizeOf(type), 'apart'), () => shuffled);
  }

  decode(shuffled: unknown): unknown {
    if (!types.isUint8Array(shuffled)) return shuffled;
    const nameStart = shuffled.length - 1 - (shuffled.at(-1) ?? 0);
    const type = Buffer.from(shuffled.subarray(nameStart, -1)).toString();
    const bytes = new Uint8Array(Math.max(0, nameStart));
    const done = transpose(shuffled, bytes, loadTypedArrays().elementSizeOf(type), 'together');
    return andThen(done, () => loadTypedArrays().binaryFromBytes(type, bytes, true));
  }
}

/** Loaded on first use: most programs shuffle nothing. */
function loadTypedArrays(): typeof import('./serialization/typed-arrays') {
  return require('./serialization/typed-arrays') as typeof import('./serialization/typed-arrays');
}

/** Whether a value is a typed array, DataView or ArrayBuffer that serializers accept; they report any other. */
function isOrdinaryBinary(value: unknown): value is Binary {
  if (!loadTypedArrays().isBinary(value)) return false;
  const { chooseFormat } = require('./serialization/exact') as typeof import('./serialization/exact');
  try {
    return chooseFormat(value, '').typed === undefined;
  } catch {
    return false;
  }
}

/** Groups the bytes of elements by their place in the element, or puts them back. */
function transpose(from: Bytes, to: Bytes, size: number, direction: 'apart' | 'together'): Awaitable<void> {
  const length = Math.min(from.length, to.length);
  const count = length / size;
  const movePiece = (start: number) => {
    const end = Math.min(count, start + pieceBytes / size);
    for (let byte = 0; byte < size; byte++) {
      const offset = byte * count;
      if (direction === 'apart') for (let i = start; i < end; i++) to[offset + i] = from[i * size + byte] as number;
      else for (let i = start; i < end; i++) to[i * size + byte] = from[offset + i] as number;
    }
  };
  if (length <= pieceBytes) return movePiece(0);
  return (async () => {
    for (let start = 0; start < count; start += pieceBytes / size) {
      movePiece(start);
      await setImmediate();
    }
  })();
}
