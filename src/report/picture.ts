import type { Plan, PlannedNode } from '../run/plan/plan';
import type { NodeState } from './states';

/** A task in a picture. */
export interface PictureNode {
  /** The key of its result; another unique name while the key is unknown. */
  readonly key: string;
  readonly task: string;
  /** Secrets are replaced. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The keys of its requirements. */
  readonly requires: readonly string[];
  /** The keys that its result refers to, as far as the plan knows them. */
  readonly names?: readonly string[];
  readonly state: NodeState;
  /** The reason to run it, or the condition under which it is needed. */
  readonly why?: string;
  /** Duration of the run or the load, in seconds. */
  readonly seconds?: number;
  /** Start time, in milliseconds since 1970. */
  readonly startedAt?: number;
  /** Size of its checkpoint. */
  readonly bytes?: number;
  /** The error message, with those of its causes. */
  readonly error?: string;
  /** The stack of the error, with those of its causes. */
  readonly stack?: string;
  /** Number of the last attempt, from 1. */
  readonly attempt?: number;
  readonly queue?: string;
  readonly executor?: string;
  /** The worker that ran it: `threads 2`, `processes 1 (pid 4711)`. */
  readonly worker?: string;
  /** The end of its output, when it ran in another process. */
  readonly output?: string;
}

/** An edge from a requirement to its dependent, or from a task to the one whose result refers to it. */
export interface PictureEdge {
  readonly from: string;
  readonly to: string;
}

/** One attempt to run a task, or one load of its checkpoint. */
export interface PictureSpan {
  readonly key: string;
  readonly kind: 'run' | 'load';
  /** Start time, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly attempt: number;
  readonly outcome: 'done' | 'failed' | 'running';
  /** The lane, such as the worker `threads 2`. Spans of one lane do not overlap. */
  readonly lane: string;
  /** The process id of the worker, when it is a process. */
  readonly pid?: number;
}

/** A graph with the state of each task: the source of all formats. */
export interface GraphPicture {
  /** Each node comes after its requirements, as far as the plan knows them. */
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** Start of the run, in milliseconds since 1970; undefined before a run. */
  readonly startedAt?: number;
  /** End of the run, or time of the last event of a run in progress. */
  readonly endedAt?: number;
  /** The attempts and loads of the run. */
  readonly spans?: readonly PictureSpan[];
}

/**
 * Makes a picture of a plan.
 *
 * @example
 * const svg = await toSvg(pictureOf(await runner.plan(ScoreModel, { path: 'penguins.csv' })));
 */
export function pictureOf({ nodes: planned }: Plan): GraphPicture {
  const nodes = planned.map(toPictureNode);
  return { nodes, edges: edgesOf(nodes) };
}

/** Finds the edges among nodes; requirements that are not among them get none. */
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
