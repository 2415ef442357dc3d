import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The part of the heap that may be used. From 80 % on, Node may end the process when collecting garbage takes long. */
const most = 0.75;
/** What the heap has for new objects, which old ones cannot use: three times 16 MB. */
const young = 48 * 2 ** 20;
/** After garbage was collected, it is not again for so many times as long as that took. */
const pause = 2;

/** Notices that memory is nearly used up, in time to say why. */
export class MemoryGuard {
  #pausedUntil = 0;

  /** How much is used, as text; undefined while there is enough left. To be called again and again. */
  look(): string | undefined {
    if (!isScarce()) return undefined;
    const start = performance.now();
    if (start < this.#pausedUntil) return undefined;
    // What is used counts garbage as well.
    collectGarbage();
    if (isScarce()) return shown();
    const now = performance.now();
    this.#pausedUntil = now + pause * (now - start);
    return undefined;
  }
}

function isScarce(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > most * Math.max(limit - young, limit / 2);
}

function shown(): string {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return `${megabytes(used)} of ${megabytes(limit)} MB of memory are used`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

/** Takes up to seconds in a large heap, but comes before the process would end for want of memory. */
function collectGarbage(): void {
  const gc = (globalThis as { gc?: () => void }).gc;
  if (gc) {
    gc();
    return;
  }
  setFlagsFromString('--expose-gc');
  try {
    (runInNewContext('gc') as () => void)();
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
