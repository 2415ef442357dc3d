import { isInstance } from '../../base/describe-error';
import type { Bytes, Serialized } from '../../encoding/encoder';
import { UnsupportedValueError } from '../../encoding/errors';
import { defaultEncoder } from '../../encoding/make-encoder';
import { pack } from '../../encoding/packing';
import { type SecretHolder, storeRefs, UnstorableSecretError } from '../../graph/stored-ref';
import { makeInstance, trapRequirements } from '../../graph/task-instance';
import { type DirectoryPaths, encodeForStorage } from '../../storage/directories/encode-directory';
import { resultDigest } from '../../storage/result-codec';
import type { TaskContext, TaskKey } from '../../task/context';
import { definitionOf, type TaskDefinition } from '../../task/definition';
import { TaskDirectory } from '../../task/directory';
import type { Instance } from '../../task/task-class';
import { CannotSendError } from '../errors';
import type { Attachments } from '../remote/attachments';
import type { DoneMessage, FromWorker, JobMessage } from '../remote/messages';
import { readParams, readRequirements } from './read-job';
import type { TaskCatalog } from './task-catalog';

/** Runs a task and encodes its result. Throws what the task throws. */
export async function runJob(
  job: JobMessage,
  bytes: readonly Bytes[],
  catalogue: TaskCatalog,
  context: WorkerContext,
  outbox: Attachments,
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

async function encode(result: unknown, holder: SecretHolder, outbox: Attachments): Promise<DoneMessage> {
  const { task } = holder;
  const encoder = task.options.encoder ?? defaultEncoder;
  const { serialization } = encoder;
  const directories: DirectoryPaths = new Map();
  const { format, bytes, isView, holdsRefs, unsaved } = await (task.save && TaskDirectory.isInUse
    ? encodeForStorage(directories, () => serialize(result, holder))
    : serialize(result, holder));
  return {
    type: 'done',
    holdsRefs,
    unsaved,
    directories: [...directories],
    digest: task.save ? resultDigest(bytes, format) : undefined,
    compressed: task.save && encoder.compression ? await compress(bytes, task, outbox) : undefined,
    result: { serializer: serialization.id, format, at: outbox.add(bytes, isView) },
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
    return { stored: storeRefs(result, holder) };
  } catch (error) {
    if (!isInstance(error, UnstorableSecretError)) throw error;
    return { stored: storeRefs(result), unsaved: error.message };
  }
}

async function compress(
  bytes: Bytes,
  { options: { encoder } }: TaskDefinition,
  outbox: Attachments,
): Promise<DoneMessage['compressed']> {
  const packed = await pack(bytes, { ...(encoder ?? defaultEncoder), encryption: null }, '');
  const { compressor } = packed.packing;
  return compressor === undefined ? null : { compressor, at: outbox.add(packed.bytes) };
}

/** Whether the inputs of a task changed during its run: its `fingerprint()` differs from the one in the job. */
async function isOutdated(
  job: JobMessage,
  bytes: readonly Bytes[],
  task: TaskDefinition,
  catalogue: TaskCatalog,
): Promise<boolean> {
  if (job.fingerprint === undefined || !task.hasFingerprint) return false;
  // On an instance of its own, as at the start of a run.
  const instance = trapRequirements(task, await makeInstance(task, catalogue.container));
  for (const { name } of task.params) instance[name] = undefined;
  for (const [name, value] of readParams(job, bytes, catalogue)) instance[name] = value;
  return (await (instance as { fingerprint?(): unknown }).fingerprint!()) !== job.fingerprint;
}

/** The context of a task that runs in a worker. */
export class WorkerContext implements TaskContext {
  readonly task: string;
  readonly key: TaskKey;
  readonly attempt: number;
  readonly #signal: AbortSignal;
  readonly #send: (message: FromWorker) => void;

  constructor({ task, key, attempt }: JobMessage, signal: AbortSignal, send: (message: FromWorker) => void) {
    this.task = task;
    this.key = key as TaskKey;
    this.attempt = attempt;
    this.#signal = signal;
    this.#send = send;
  }

  /** Whether the task has read its signal, and so may wait for it. */
  usesSignal = false;

  get signal(): AbortSignal {
    this.usesSignal = true;
    return this.#signal;
  }

  throwIfAborted(): void {
    this.#signal.throwIfAborted();
  }

  progress(...said: readonly [done: number, totalOrNote?: number | string, note?: string]): void {
    this.#send({ type: 'progress', said });
  }

  log(message: string): void {
    this.#send({ type: 'log', message });
  }
}
