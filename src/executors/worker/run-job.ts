import { isInstance } from '../../base/describe-error';
import { defaultEncoder } from '../../encoding/default-encoder';
import type { Bytes, Serialized } from '../../encoding/encoder';
import { pack } from '../../encoding/packing';
import { UnsupportedValueError } from '../../encoding/unsupported-value-error';
import { makeInstance } from '../../graph/instance';
import { toStored } from '../../graph/stored-ref';
import { type SecretHolder, UnstorableSecretError } from '../../graph/stored-secret';
import { digestOf } from '../../storage/digest';
import { encodedToSave, type Places } from '../../storage/directories/saved-form';
import { definitionOf, type TaskDefinition } from '../../task/definition';
import { TaskDirectory } from '../../task/directory';
import type { Instance } from '../../task/task-class';
import { CannotSendError } from '../pool/cannot-send-error';
import type { DoneMessage, JobMessage } from '../pool/messages';
import type { Outbox } from '../pool/outbox';
import type { Catalogue } from './catalogue';
import { isOutdated } from './is-outdated';
import { readParams, readRequirements } from './read-job';
import type { WorkerContext } from './worker-context';

/** Runs a task and encodes its result. Throws what the task throws. */
export async function runJob(
  job: JobMessage,
  bytes: readonly Bytes[],
  catalogue: Catalogue,
  context: WorkerContext,
  outbox: Outbox,
): Promise<DoneMessage> {
  const task = definitionOf(catalogue.classOf(job.task));
  const instance: Instance & { run?(context: WorkerContext): unknown } = await makeInstance(task, catalogue.container);
  for (const { name } of task.params) instance[name] = undefined;
  const params = readParams(job, bytes, catalogue);
  for (const [name, value] of params) instance[name] = value;
  for (const [property, value] of await readRequirements(job, bytes, catalogue)) instance[property] = value;
  // Modules may take long to load; a task that is not wanted any more by then is not started.
  context.throwIfAborted();
  const holder = { task, params: Object.fromEntries(params) };
  const done = await encode(await instance.run!(context), holder, outbox);
  return (await isOutdated(job, bytes, task, catalogue)) ? { ...done, isOutdated: true } : done;
}

async function encode(result: unknown, holder: SecretHolder, outbox: Outbox): Promise<DoneMessage> {
  const { task } = holder;
  const encoder = task.options.encoder ?? defaultEncoder;
  const { serialization } = encoder;
  const directories: Places = new Map();
  const { format, bytes, isView, holdsRefs, unsaved } = await (task.save && TaskDirectory.isInUse
    ? encodedToSave(directories, () => serialize(result, holder))
    : serialize(result, holder));
  return {
    type: 'done',
    holdsRefs,
    unsaved,
    directories: [...directories],
    digest: task.save ? digestOf(bytes, format) : undefined,
    compressed: task.save && encoder.compression ? await compress(bytes, task, outbox) : undefined,
    result: { serializer: serialization.id, format, at: outbox.put(bytes, isView) },
  };
}

async function serialize(
  result: unknown,
  holder: SecretHolder,
): Promise<Serialized & { readonly holdsRefs: boolean; readonly unsaved?: string }> {
  const { name, save, options } = holder.task;
  const { encoder } = options;
  const { serialization } = encoder ?? defaultEncoder;
  try {
    try {
      return { ...(await serialization.serialize(result)), holdsRefs: false };
    } catch (error) {
      if (!(isInstance(error, UnsupportedValueError) && error.problem === 'is a task ref')) throw error;
      const { stored, unsaved } = withoutSecrets(result, holder);
      return { ...(await serialization.serialize(stored)), holdsRefs: true, ...(unsaved !== undefined && { unsaved }) };
    }
  } catch (error) {
    // One that is saved could not be saved anywhere else either.
    if (save || !isInstance(error, UnsupportedValueError)) throw error;
    throw new CannotSendError(name, error, { cause: error });
  }
}

/** A result with its refs in stored form. With an unstorable secret, the message carries the secret and the reason. */
function withoutSecrets(
  result: unknown,
  holder: SecretHolder,
): { readonly stored: unknown; readonly unsaved?: string } {
  try {
    return { stored: toStored(result, holder) };
  } catch (error) {
    if (!isInstance(error, UnstorableSecretError)) throw error;
    return { stored: toStored(result), unsaved: error.message };
  }
}

async function compress(
  bytes: Bytes,
  { options: { encoder } }: TaskDefinition,
  outbox: Outbox,
): Promise<DoneMessage['compressed']> {
  const packed = await pack(bytes, { ...(encoder ?? defaultEncoder), encryption: null }, '');
  const { compressor } = packed.packing;
  return compressor === undefined ? null : { compressor, at: outbox.put(packed.bytes) };
}
