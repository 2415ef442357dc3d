import type { Storage, TaskKey } from 'tidemark';
import type { RecordFields } from '../../src/storage/checkpoint-store';

/** Saves a result as a run does, and gives its key. */
export async function saveIn(
  storage: Storage,
  {
    task = 'Example',
    name = '0'.repeat(32),
    value = 1 as unknown,
    ...facts
  }: Partial<RecordFields> & { name?: string; value?: unknown },
): Promise<TaskKey> {
  const key = `${task}/${name}` as TaskKey;
  const base: RecordFields = {
    key,
    task,
    version: undefined,
    params: {},
    source: 'abcdef',
    requires: [],
    marks: [],
    dynamic: [],
    refs: undefined,
    seconds: 0.5,
  };
  const { stack } = storage;
  await stack.save({ ...base, ...facts }, await stack.encode(value, undefined), undefined, undefined);
  return key;
}
