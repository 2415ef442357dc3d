import type { Plan } from '../../run/plan/plan';
import type { RunProgress } from './run-progress';

/** The stream that progress is written to. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly writableLength?: number;
}

/** One way to show progress. */
export interface Screen {
  /** Time between frames, in milliseconds. */
  readonly interval: number;
  /** @param now in milliseconds since 1970 */
  draw(progress: RunProgress, now: number): void;
}

/** Options of `showProgress`. */
export interface ProgressOptions {
  /** @default process.stderr */
  readonly stream?: ProgressStream;
  /** The plan of the run, for the number of tasks of each class. */
  readonly plan?: Plan | undefined;
  /** The largest number of tasks of each class, for runs without a plan. */
  readonly sizes?: PromiseLike<ReadonlyMap<string, number>> | undefined;
  /** Mean duration of a task of each class in earlier runs, in seconds: for estimates before one has ended. */
  readonly earlier?: ReadonlyMap<string, number> | undefined;
  /** Environment, of which NO_COLOR, CI and TERM are read. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}
