import type { DistinguishingParam } from '../distinguishing-params';
import type { NodeState } from '../states';

// Types only: the page's maker writes these data, and the code in the browser reads them.

/** The data of a page. Nodes, boxes and lanes refer to each other by their index in their list. */
export interface PageData {
  /** Duration of the run, in milliseconds; 0 before a run. */
  readonly length: number;
  readonly nodes: readonly NodeData[];
  /** The params that distinguish the tasks of each class. */
  readonly distinguishing: Readonly<Record<string, readonly DistinguishingParam[]>>;
  readonly boxes: readonly BoxData[];
  /** Edges between boxes. */
  readonly edges: readonly (readonly [from: number, to: number])[];
  /** Names of the rows of the timeline, from top to bottom. */
  readonly lanes: readonly string[];
  readonly spans: readonly SpanData[];
}

/** A task. */
export interface NodeData {
  readonly key: string;
  readonly task: string;
  readonly params: readonly (readonly [name: string, text: string])[];
  /** Nodes that it requires. */
  readonly requires: readonly number[];
  /** Nodes that its result refers to. */
  readonly names: readonly number[];
  readonly state: NodeState;
  readonly why?: string;
  readonly seconds?: number;
  /** Start, in milliseconds since the run started. */
  readonly at?: number;
  readonly bytes?: number;
  readonly error?: string;
  readonly stack?: string;
  readonly attempt?: number;
  readonly queue?: string;
  readonly worker?: string;
  readonly output?: string;
}

/** A box of the graph: one task, or all tasks of a folded class. */
export interface BoxData {
  readonly title: string;
  readonly isGroup: boolean;
  readonly members: readonly number[];
}

/** A bar of the timeline: an attempt to run a task, or a load. A tuple, since there may be many thousands. */
export type SpanData = readonly [
  node: number,
  lane: number,
  /** In milliseconds since the run started. */
  at: number,
  seconds: number,
  state: NodeState,
  attempt: number,
];
