import { isInstance } from '../../../base/describe-error';
import { jsonText } from '../../../base/json-text';
import type { Encoder } from '../../../encoding/encoder';
import { DamagedCheckpointError, UnencryptedCheckpointError } from '../../../storage/checkpoint-error';
import type { Entry } from '../../../storage/entry';
import type { RunFacts } from '../../../storage/layer';
import type { Found, Layers } from '../../../storage/layers';
import { clearsOf, epochsOf, idOf, isOfEpoch } from '../../../storage/marks/epochs';
import { refuseOtherParams } from '../../../storage/own-key';
import type { TaskDefinition } from '../../../task/definition';
import { showTask } from '../../../task/show';

/** What is saved under a job's key: what counts for it, or what does not. */
export interface SavedAlready {
  readonly found: Found | undefined;
  readonly stale: readonly Found[];
}

/**
 * Looks whether a job's result was saved since it was asked for: by another run, or by a worker that was lost before it
 * could say so.
 *
 * @throws {StorageError | UnreadableCheckpointError}
 * @throws {DeclarationError} when a key of the task's own making has led to the result of other params
 */
export async function savedAlready(
  facts: Omit<RunFacts, 'seconds'>,
  task: TaskDefinition,
  layers: Layers,
): Promise<SavedAlready> {
  const { source, options } = task;
  const stale: Found[] = [];
  for (const from of layers.reads) {
    const entry = await find(from, facts, options.encoder);
    if (!entry) continue;
    if (options.key) refuseUnlessSame(task, facts, entry);
    if (counts(entry, facts, source)) return { found: { from, entry }, stale };
    stale.push({ from, entry });
  }
  return { found: undefined, stale };
}

async function find(
  { layer }: Layers['reads'][number],
  { key }: Pick<RunFacts, 'key'>,
  encoder: Encoder | undefined,
): Promise<Entry | undefined> {
  try {
    return await layer.find(key, encoder);
  } catch (error) {
    // Damaged and unencrypted checkpoints are replaced.
    if (isInstance(error, DamagedCheckpointError) || isInstance(error, UnencryptedCheckpointError)) return undefined;
    throw error;
  }
}

function refuseUnlessSame(task: TaskDefinition, { key, params }: Pick<RunFacts, 'key' | 'params'>, entry: Entry): void {
  refuseOtherParams({ task, key, shown: showTask(task.name, params) }, entry.toRecord().params, params);
}

/** Whether it is what the job would give: made by the same code of the same results, and nothing of that was cleared since. */
function counts(entry: Entry, facts: Omit<RunFacts, 'seconds'>, source: string): boolean {
  if (entry.source !== facts.source && entry.source !== source) return false;
  if (entry.directories.length > 0 || !hasSeen(entry.marks, facts.marks)) return false;
  const digests = new Map(entry.requires);
  for (const [key, digest] of facts.requires) {
    const had = digests.get(key);
    if (digest !== null && typeof had === 'string' && had !== digest) return false;
  }
  // What its own result refers to is not known when it is saved.
  const came = entry.dynamic.filter(([key]) => key !== entry.key);
  return jsonText(came) === jsonText(facts.dynamic);
}

/** Whether a record was saved in an epoch that the run has seen, if that saw any, and has seen all its clear marks. */
function hasSeen(marks: readonly string[], needed: readonly string[]): boolean {
  const epochs = epochsOf(needed);
  if (epochs.length > 0 && !epochs.some((epoch) => isOfEpoch(marks, idOf(epoch)))) return false;
  return clearsOf(needed).every((mark) => marks.includes(mark));
}
