import type { Storage, TaskKey } from 'tidemark';
import type { RecordFields } from '../../src/storage/write-checkpoint';

/** Saves a result as a run does; returns its key. */
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
  const forms = await stack.encode(value, undefined);
  await stack.save({ fields: { ...base, ...facts }, forms, encoder: undefined });
  return key;
}
