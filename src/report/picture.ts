import type { Plan, PlannedNode } from '../run/plan/plan';
import type { NodeState } from './states';

/** A task in a picture. */
export interface PictureNode {
  /** The key of its result; a name of its own while that is not known. */
  readonly key: string;
  readonly task: string;
  /** Without the values of secrets. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The keys of what it requires. */
  readonly requires: readonly string[];
  /** The keys of what its result names, as far as a plan knew. */
  readonly names?: readonly string[];
  readonly state: NodeState;
  /** Why it is to run, or on what it depends whether it is needed. */
  readonly why?: string;
  /** How long it took, in seconds: to run or, when it was loaded, to load. */
  readonly seconds?: number;
  /** When it started, in milliseconds since 1970. */
  readonly startedAt?: number;
  /** The size of its checkpoint. */
  readonly bytes?: number;
  /** What went wrong, and what caused it, as text. */
  readonly error?: string;
  /** Where in the code that was thrown, and what caused it. */
  readonly stack?: string;
  /** Which attempt it was; 1 for the first. */
  readonly attempt?: number;
  readonly queue?: string;
  readonly executor?: string;
  /** What ran it, among others of its kind: `threads 2`, `processes 1 (pid 4711)`. */
  readonly worker?: string;
  /** What it printed in a process of its own: the end of it. */
  readonly output?: string;
}

/** From what is required, or named by a result, to what requires or names it. */
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
  /** What it ran on, such as the worker `threads 2`; spans of one lane do not overlap. */
  readonly lane: string;
  /** The process that the worker was, when it was one. */
  readonly pid?: number;
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
  const nodes = planned.map(toPictureNode);
  return { nodes, edges: edgesOf(nodes) };
}

/** The edges among some nodes; what is required but not among them has none. */
export function edgesOf(nodes: readonly PictureNode[]): readonly PictureEdge[] {
  const keys = new Set(nodes.map(({ key }) => key));
  return nodes.flatMap(({ key, requires, names = [] }) =>
    [...new Set([...requires, ...names])].filter((from) => keys.has(from)).map((from) => ({ from, to: key })),
  );
}

const stateByAction = { run: 'to-run', load: 'to-load', unknown: 'unknown', 'not-needed': 'not-needed' } as const;

function toPictureNode(planned: PlannedNode, index: number): PictureNode {
  const { key = `${planned.task}#${index}`, task, params, requires, names, action } = planned;
  return {
    key,
    task,
    params,
    requires,
    state: stateByAction[action],
    ...(names && names.length > 0 && { names }),
    ...((action === 'run' || action === 'unknown') && { why: planned.why }),
    ...(action === 'load' && { seconds: planned.seconds }),
  };
}
