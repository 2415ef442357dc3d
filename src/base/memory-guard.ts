import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The usable fraction of the heap. From 80 % on, Node may abort the process when garbage collection takes long. */
const maxUsedPart = 0.75;
/** The space for new objects, which old ones cannot use: three times 16 MB. */
const youngGeneration = 48 * 2 ** 20;
/** Minimum pause between garbage collections, as a multiple of the time that the last one took. */
const pauseFactor = 2;

/** Detects that memory is running out, early enough to report the cause. */
export class MemoryGuard {
  #pausedUntil = 0;

  /** The memory usage as text when memory is scarce, else undefined. Cheap enough to be called often. */
  check(): string | undefined {
    if (!isScarce()) return undefined;
    const start = performance.now();
    if (start < this.#pausedUntil) return undefined;
    // The used size includes garbage.
    collectGarbage();
    if (isScarce()) return describeUsage();
    const now = performance.now();
    this.#pausedUntil = now + pauseFactor * (now - start);
    return undefined;
  }
}

function isScarce(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > maxUsedPart * Math.max(limit - youngGeneration, limit / 2);
}

function describeUsage(): string {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return `${megabytes(used)} of ${megabytes(limit)} MB of memory are used`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

/** Takes up to seconds in a large heap, but runs before the process would run out of memory. */
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
