/** What was asked for: at most so many floors, or an absolute figure. */
export type Target = { readonly floors: number } | { readonly most: number } | { readonly least: number };

/** What a program prints, by name of the figure: the first is what contestants are compared by. */
export type Figures = Readonly<Record<string, number>>;

/** Who does the same work: the floor, Tidemark itself (`ours`), or a package. */
export interface Contestant {
  readonly name: string;
  /** What must be installed in `benchmarks/`. */
  readonly packages: readonly string[];
  readonly needsRedis?: boolean;
}

/** One workload in one size, store or phase. */
export interface Case {
  readonly name: string;
  /** Cases of one group stand in one table of peers. */
  readonly group: string;
  /** Relative to the folder of the benchmarks, compiled. */
  readonly program: string;
  /** What the program is given after the name of the contestant; `FOLDER` stands for a fresh folder. */
  readonly args: readonly string[];
  /** Who takes part besides Tidemark, in turn. */
  readonly beside: readonly Contestant[];
  readonly targets?: Readonly<Record<string, Target>>;
  /** What has to be there before, made by the same contestant in the same folder. */
  readonly after?: readonly string[];
  /** Whether what was made before serves all rounds, since nothing changes it. */
  readonly sharesFolder?: boolean;
  readonly needsRedis?: boolean;
  /** How the floor is called where it is something else than the least that the work costs. */
  readonly floorIs?: string;
  /** As what a figure, by default the first, stands in the short table of the project's README. */
  readonly inShort?: { readonly what: string; readonly floor: string; readonly figure?: string };
}

export const ours = 'ours';
export const floor: Contestant = { name: 'floor', packages: [] };

/** Whether a figure is what was asked for; undefined when it cannot be told. */
export function isReached(target: Target, figure: number, ratio: number | undefined): boolean | undefined {
  if ('most' in target) return figure <= target.most;
  if ('least' in target) return figure >= target.least;
  return ratio === undefined ? undefined : ratio <= target.floors;
}
