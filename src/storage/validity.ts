import { jsonText } from '../base/json-text';
import type { TaskKey } from '../task/context';
import type { CheckpointRecord } from './format/record';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import { clearMarksIn, epochIdOf, epochsIn, includesEpoch } from './marks/epochs';

/**
 * Requirements on a checkpoint. A run and a worker of a queue state different ones; what is undefined is not checked.
 */
export interface ExpectedCheckpoint {
  /** Clear marks on the result and its ancestors, with the epochs known: the checkpoint's run must have seen all marks. */
  readonly marks: readonly string[];
  /** Source hashes of the classes that may have computed it. */
  readonly sources?: readonly string[] | undefined;
  /** Name of another class that saved it. */
  readonly otherClass?: string | undefined;
  /** Path of a directory that belongs to it and is not available here. */
  readonly missingDirectory?: ((checkpoint: StoredCheckpoint) => string | undefined) | undefined;
  /** Digests of required results, as they are now. */
  readonly requires?: CheckpointRecord['requires'] | undefined;
  /** Refs in the results that it came from. */
  readonly dynamic?: CheckpointRecord['dynamic'] | undefined;
}

export const wasCleared = 'it, or something that it came from, was cleared';
export const lostMarks = 'the storage has lost what was cleared since it was saved';

/** Reason why a checkpoint does not count; undefined when it does. The only place of this rule, for runs and workers. */
export function whyStale(checkpoint: StoredCheckpoint, expected: ExpectedCheckpoint): string | undefined {
  const { marks, sources, otherClass, requires, dynamic } = expected;
  if (marks.length > 0) {
    if (!isInSeenEpoch(checkpoint.marks, marks)) return lostMarks;
    if (!hasSeen(checkpoint.marks, marks)) return wasCleared;
  }
  if (sources && !sources.includes(checkpoint.source)) return 'the source of its class changed';
  if (otherClass !== undefined) return `another class called ${otherClass} saved it`;
  const missing = checkpoint.directories.length > 0 ? expected.missingDirectory?.(checkpoint) : undefined;
  if (missing !== undefined) return `its directory ${missing} is not there`;
  const changed = requires && changedRequirement(checkpoint, requires);
  if (changed !== undefined) return `${changed} came out different this time`;
  if (dynamic && !isFrom(checkpoint, dynamic)) return 'it came from other results';
  return undefined;
}

/** Key of a requirement whose result differs from the one that a checkpoint came from. */
export function changedRequirement(
  checkpoint: StoredCheckpoint,
  requires: CheckpointRecord['requires'],
): TaskKey | undefined {
  if (requires.length === 0) return undefined;
  // By key, since a structure may list its requirements in another order today.
  const digests = new Map(checkpoint.requires);
  for (const [key, digest] of requires) {
    const before = digests.get(key);
    if (digest !== null && typeof before === 'string' && before !== digest) return key;
  }
  return undefined;
}

/** Whether the run that saved a checkpoint had seen all clear marks. */
export function hasSeen(seen: readonly string[], marks: readonly string[]): boolean {
  if (marks === seen) return true;
  return clearMarksIn(marks).every((mark) => seen.includes(mark));
}

/** Whether a checkpoint was saved in one of the epochs, when there are any. */
function isInSeenEpoch(seen: readonly string[], marks: readonly string[]): boolean {
  const epochs = epochsIn(marks);
  return epochs.length === 0 || epochs.some((epoch) => includesEpoch(seen, epochIdOf(epoch)));
}

function isFrom(checkpoint: StoredCheckpoint, dynamic: CheckpointRecord['dynamic']): boolean {
  // The refs in its own result are not known when it is saved.
  const origins = checkpoint.dynamic.filter(([key]) => key !== checkpoint.key);
  return jsonText(origins) === jsonText(dynamic);
}
