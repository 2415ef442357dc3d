import { TidemarkError } from '../base/error';

/** The status of a node in an execution; settled from `done` on. */
export const NodeStatus = {
  undecided: 0,
  /** Its checkpoint is being looked up, or its `restore` method runs. */
  deciding: 1,
  willLoad: 2,
  willRun: 3,
  loading: 4,
  running: 5,
  done: 6,
  /** Its result was dropped, since no node needs it any more. */
  released: 7,
  failed: 8,
  skipped: 9,
} as const;
export type NodeStatus = (typeof NodeStatus)[keyof typeof NodeStatus];

const { undecided, deciding, willLoad, willRun, loading, running, done, released } = NodeStatus;

/** The statuses in which a node may be before each change, as bits. */
export const allowedBefore = {
  beginDeciding: bits(undecided),
  /** Its `restore` method returned undefined, or, in a plan, is considered later. */
  undecide: bits(deciding, willLoad),
  decideToLoad: bits(undecided, deciding),
  /** Also from a load that turned out to be impossible, and from a run whose requirement was lost. */
  decideToRun: bits(undecided, deciding, willLoad, loading, running),
  startLoading: bits(willLoad),
  startRunning: bits(willRun),
  retryLoading: bits(loading),
  retryRunning: bits(running),
  /** Its result turned out to be saved before it ran. */
  fallBackToLoad: bits(running),
  complete: bits(loading, running),
  /** Also from a result that was left in storage and is lost. */
  fail: bits(loading, running, done),
  skip: bits(deciding, willLoad, willRun),
  release: bits(done),
  /** Its result is needed again. */
  reopen: bits(done, released),
} as const;

function bits(...statuses: readonly NodeStatus[]): number {
  return statuses.reduce<number>((all, status) => all | (1 << status), 0);
}

/** The error of an invalid change. */
export function transitionError(node: string, from: NodeStatus, to: NodeStatus): TidemarkError {
  return new TidemarkError(
    `internal error: ${node} cannot become ${nameOf(to)} after it was ${nameOf(from)}; please report this`,
  );
}

function nameOf(status: NodeStatus): string {
  return Object.entries(NodeStatus).find(([, value]) => value === status)![0];
}
