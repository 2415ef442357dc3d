import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';
import { type Awaitable, andThen } from '../base/awaitable';
import { shareClass } from '../base/shared-state';
import type { Bytes } from './encoder';
import type { Filter } from './parts';
import type { Binary } from './serialization/typed-arrays';

/** Larger arrays are shuffled piece by piece, so that other work goes on. In bytes; a multiple of every element size. */
const pieceBytes = 1024 * 1024;

/**
 * A filter for results that are typed arrays: puts the first bytes of all elements together, then the second ones,
 * and so on, which compresses numbers much better. Other results pass through as they are.
 *
 * @example
 * const measurements = encoder({ filters: [shuffle()], compressor: zstd() });
 */
export function shuffle(): Filter {
  return new ShuffleFilter();
}

/** Moves the bytes of typed arrays, and back. */
export class ShuffleFilter {
  static {
    shareClass(ShuffleFilter, 'ShuffleFilter');
  }

  readonly id = 'shuffle';

  encode(value: unknown): unknown {
    if (!isOrdinaryBinary(value)) return value;
    const { bytes } = raw().encodeRaw(value);
    const kind = raw().binaryTypeOf(value);
    // The name of its class and the length of that come after the bytes.
    const name = Buffer.from(kind);
    const shuffled = new Uint8Array(bytes.byteLength + name.length + 1);
    shuffled.set(name, bytes.byteLength);
    shuffled[shuffled.length - 1] = name.length;
    return andThen(transpose(bytes, shuffled, raw().elementSizeOf(kind), 'apart'), () => shuffled);
  }

  decode(shuffled: unknown): unknown {
    if (!types.isUint8Array(shuffled)) return shuffled;
    const nameStart = shuffled.length - 1 - (shuffled.at(-1) ?? 0);
    const kind = Buffer.from(shuffled.subarray(nameStart, -1)).toString();
    const bytes = new Uint8Array(Math.max(0, nameStart));
    const done = transpose(shuffled, bytes, raw().elementSizeOf(kind), 'together');
    return andThen(done, () => raw().binaryFromBytes(kind, bytes, true));
  }
}

/** Loaded when something is shuffled: most programs shuffle nothing. */
function raw(): typeof import('./serialization/typed-arrays') {
  return require('./serialization/typed-arrays') as typeof import('./serialization/typed-arrays');
}

/** What the serializer would refuse is left for it to refuse. */
function isOrdinaryBinary(value: unknown): value is Binary {
  if (!raw().isBinary(value)) return false;
  const lossless = require('./serialization/exact') as typeof import('./serialization/exact');
  try {
    return lossless.chooseFormat(value, '').typed === undefined;
  } catch {
    return false;
  }
}

/** Moves the bytes of whole elements apart, by their place in the element, or together again. */
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
