import type { Plan } from '../../run/plan/plan';
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

/** Where and how progress is shown. */
export interface ProgressOptions {
  /** @default process.stderr */
  readonly stream?: ProgressStream;
  /** What the run was going to do: how much there is of each task. */
  readonly plan?: Plan | undefined;
  /** How many tasks of each class there are at most, for runs without a plan. */
  readonly sizes?: PromiseLike<ReadonlyMap<string, number>> | undefined;
  /** How long a task of each class took earlier, in seconds: for the time left before any has ended. */
  readonly earlier?: ReadonlyMap<string, number> | undefined;
  /** NO_COLOR, CI and TERM are looked at. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}
