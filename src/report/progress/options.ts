import type { Plan } from '../../run/plan';
import type { ProgressStream } from './screen';

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
