import { serializationFor } from '../../encoding/find-serialization';
import { fromStored } from '../../graph/stored-ref';
import type { Job } from '../executor';
import type { SentBytes } from '../pool/messages';
import type { Piece } from '../pool/pieces';
import { StoredResult } from '../stored-result';
import type { JobAnswer } from './job-content';
import { QueueError } from './queue-error';

type StoredAnswer = Extract<JobAnswer, { type: 'stored' }>;

/** A result that lies in the storage. @param remove removes it when it is no checkpoint */
export function storedResult(job: Job, answer: StoredAnswer, remove: () => void): StoredResult {
  const { holdsRefs, inline } = answer;
  const fetch = async () => {
    const value = inline ? await decoded(job, inline, answer) : await read(job, answer);
    return holdsRefs ? fromStored(value, { paramsOf: () => job.node.params }) : value;
  };
  return new StoredResult({ ...answer, fetch, remove });
}

/** A stored result that came along as well, as tasks that require it get it. */
export function inlinePiece({ node, shared }: Job, { inline, bytes }: StoredAnswer): Piece | undefined {
  if (!inline) return undefined;
  const { serializer, format, at } = inline;
  const { encoder } = node.task.options;
  return {
    serializer,
    format,
    bytes: bytes[at]!,
    encodedBy: encoder && node.task.name,
    isFrozen: shared?.freezes ?? true,
  };
}

async function decoded(
  { node }: Job,
  { serializer, format, at }: SentBytes,
  { bytes }: StoredAnswer,
): Promise<unknown> {
  const { encoder } = node.task.options;
  return serializationFor(serializer, format, encoder ? [encoder] : []).deserialize(bytes[at]!, format);
}

async function read({ node, shared }: Job, { key, digest, worker }: StoredAnswer): Promise<unknown> {
  const { layers } = shared!;
  const { encoder } = node.task.options;
  for (const { layer } of layers.reads) {
    const entry = await layer.find(key, encoder);
    if (entry?.digest === digest) return layers.load(layer, entry, encoder);
  }
  throw new QueueError(
    `the result of ${node} is not in ${layers.location}, where its worker ${worker} left it (${key}): it was removed meanwhile, or the worker has another storage; give runner and workers the same one`,
  );
}
