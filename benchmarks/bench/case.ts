/** A target: a multiple of the floor, or an absolute figure. */
export type Target = { readonly floors: number } | { readonly most: number } | { readonly least: number };

/** Figures printed by a program, by name; the first one is compared. */
export type Figures = Readonly<Record<string, number>>;

/** A program for the workload: the floor, Tidemark (`ours`), or another package. */
export interface Contestant {
  readonly name: string;
  /** Packages to install in `benchmarks/`. */
  readonly packages: readonly string[];
  readonly needsRedis?: boolean;
}

/** One workload in one size, store or phase. */
export interface Case {
  readonly name: string;
  /** Cases of one group share a table of other packages. */
  readonly group: string;
  /** Path of the compiled program, relative to the benchmarks folder. */
  readonly program: string;
  /** Arguments after the name of the contestant; `FOLDER` is replaced by a new folder. */
  readonly args: readonly string[];
  /** Other contestants, which run in turn with Tidemark. */
  readonly beside: readonly Contestant[];
  readonly targets?: Readonly<Record<string, Target>>;
  /** Arguments of the preparation, by the same contestant in the same folder. */
  readonly after?: readonly string[];
  /** True if all rounds share the prepared folder, which they do not change. */
  readonly sharesFolder?: boolean;
  readonly needsRedis?: boolean;
  /** Name of the floor if it is not a hand-written minimum. */
  readonly floorIs?: string;
  /** Row in the speed table of README; `figure` is the first one by default. */
  readonly inShort?: { readonly what: string; readonly floor: string; readonly figure?: string };
}

export const ours = 'ours';
export const floor: Contestant = { name: 'floor', packages: [] };

/** True if a figure reaches its target; undefined if unknown. */
export function isReached(target: Target, figure: number, ratio: number | undefined): boolean | undefined {
  if ('most' in target) return figure <= target.most;
  if ('least' in target) return figure >= target.least;
  return ratio === undefined ? undefined : ratio <= target.floors;
}
