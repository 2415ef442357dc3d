import { TidemarkError } from '../base/error';

/** Where a node is in an execution. From `done` on it is settled. */
export const NodeStatus = {
  undecided: 0,
  /** Its checkpoint is being looked up, or its `restore` method asked. */
  deciding: 1,
  willLoad: 2,
  willRun: 3,
  loading: 4,
  running: 5,
  done: 6,
  /** Its result is gone, since nobody needs it any more. */
  released: 7,
  failed: 8,
  skipped: 9,
} as const;
export type NodeStatus = (typeof NodeStatus)[keyof typeof NodeStatus];

const { undecided, deciding, willLoad, willRun, loading, running, done, released } = NodeStatus;

/** The statuses in which a node may be before each change, as bits. */
export const allowedBefore = {
  beginDeciding: bits(undecided),
  /** A `restore` method gave nothing, or, in a plan, is only asked later. */
  undecide: bits(deciding, willLoad),
  decideToLoad: bits(undecided, deciding),
  /** Also what was to be loaded, and cannot be, and what has lost a result that it requires. */
  decideToRun: bits(undecided, deciding, willLoad, loading, running),
  startLoading: bits(willLoad),
  startRunning: bits(willRun),
  retryLoading: bits(loading),
  retryRunning: bits(running),
  /** It turned out to be saved before it ran. */
  fallBackToLoad: bits(running),
  complete: bits(loading, running),
  /** Also a result that was left in storage and is lost. */
  fail: bits(loading, running, done),
  skip: bits(deciding, willLoad, willRun),
  release: bits(done),
  /** Its result is needed again. */
  reopen: bits(done, released),
} as const;

function bits(...statuses: readonly NodeStatus[]): number {
  return statuses.reduce<number>((all, status) => all | (1 << status), 0);
}

/** The error of a change that must not happen. */
export function transitionError(node: string, from: NodeStatus, to: NodeStatus): TidemarkError {
  return new TidemarkError(
    `internal error: ${node} cannot become ${nameOf(to)} after it was ${nameOf(from)}; please report this`,
  );
}

function nameOf(status: NodeStatus): string {
  return Object.entries(NodeStatus).find(([, value]) => value === status)![0];
}
