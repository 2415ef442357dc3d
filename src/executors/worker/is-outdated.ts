import type { Bytes } from '../../encoding/encoder';
import { makeInstance, trapRequirements } from '../../graph/instance';
import type { TaskDefinition } from '../../task/definition';
import type { JobMessage } from '../pool/messages';
import type { Catalogue } from './catalogue';
import { readParams } from './read-job';

/** Whether what a task reads changed while it ran: its `fingerprint()` is another than the job says. */
export async function isOutdated(
  job: JobMessage,
  bytes: readonly Bytes[],
  task: TaskDefinition,
  catalogue: Catalogue,
): Promise<boolean> {
  if (job.fingerprint === undefined || !task.hasFingerprint) return false;
  // On an instance of its own, as at the start of a run.
  const instance = trapRequirements(task, await makeInstance(task, catalogue.container));
  for (const { name } of task.params) instance[name] = undefined;
  for (const [name, value] of readParams(job, bytes, catalogue)) instance[name] = value;
  return (await (instance as { fingerprint?(): unknown }).fingerprint!()) !== job.fingerprint;
}
