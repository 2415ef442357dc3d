import type { Plan, PlannedNode } from '../run/plan';

/** What is to happen, happens or happened to a task. */
export type NodeState = 'to-run' | 'to-load' | 'not-needed' | 'running' | 'ran' | 'loaded' | 'failed' | 'skipped';

/** A task in a picture. */
export interface PictureNode {
  /** The key of its result; a name of its own while that is not known. */
  readonly key: string;
  readonly task: string;
  /** Without the values of secrets. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The keys of what it requires. */
  readonly requires: readonly string[];
  readonly state: NodeState;
  /** Why it is to run. */
  readonly why?: string;
  /** How long it took, in seconds: to run or, when it was loaded, to load. */
  readonly seconds?: number;
  /** When it started, in milliseconds since 1970. */
  readonly startedAt?: number;
  /** The size of its checkpoint. */
  readonly bytes?: number;
  /** What went wrong, as text. */
  readonly error?: string;
  /** Which attempt it was; 1 for the first. */
  readonly attempt?: number;
  readonly queue?: string;
  readonly executor?: string;
  /** What ran it, among others of its kind: `threads 2`. */
  readonly worker?: string;
}

/** From what is required to what requires it. */
export interface PictureEdge {
  readonly from: string;
  readonly to: string;
}

/** A time during which something ran or was loaded. */
export interface PictureSpan {
  readonly key: string;
  readonly kind: 'run' | 'load';
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly attempt: number;
  readonly outcome: 'done' | 'failed' | 'running';
  /** What it ran on; spans of one lane do not overlap. */
  readonly lane: string;
}

/** A graph and what is known of each task: what all pictures are made from. */
export interface GraphPicture {
  /** Each after what it requires, as far as a plan told. */
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** When the run started, in milliseconds since 1970; undefined before a run. */
  readonly startedAt?: number;
  /** When the run ended, or, of one under way, when something last happened. */
  readonly endedAt?: number;
  /** What ran when. */
  readonly spans?: readonly PictureSpan[];
}

/**
 * The picture of what a run would do.
 *
 * @example
 * const svg = await toSvg(pictureOf(await runner.plan(ScoreModel, { path: 'penguins.csv' })));
 */
export function pictureOf({ nodes: planned }: Plan): GraphPicture {
  const nodes = planned.map(fromPlan);
  return { nodes, edges: edgesOf(nodes) };
}

/** The edges among some nodes; what is required but not among them has none. */
export function edgesOf(nodes: readonly PictureNode[]): readonly PictureEdge[] {
  const keys = new Set(nodes.map(({ key }) => key));
  return nodes.flatMap(({ key, requires }) =>
    requires.filter((required) => keys.has(required)).map((from) => ({ from, to: key })),
  );
}

const stateOf = { run: 'to-run', load: 'to-load', 'not-needed': 'not-needed' } as const;

function fromPlan(planned: PlannedNode, index: number): PictureNode {
  const { key = `${planned.task}#${index}`, task, params, requires, action } = planned;
  return {
    key,
    task,
    params,
    requires,
    state: stateOf[action],
    ...(action === 'run' && { why: planned.why }),
    ...(action === 'load' && { seconds: planned.seconds }),
  };
}
