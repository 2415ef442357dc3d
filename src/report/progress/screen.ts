import type { RunProgress } from './run-progress';

/** Where progress is written. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly writableLength?: number;
}

/** One way to show progress. */
export interface Screen {
  /** How often it is drawn, in milliseconds. */
  readonly interval: number;
  /** @param now in milliseconds since 1970 */
  draw(progress: RunProgress, now: number): void;
}
