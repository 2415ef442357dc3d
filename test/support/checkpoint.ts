import type { Storage, TaskKey } from 'tidemark';
import type { RunFacts } from '../../src/storage/layer';

/** Saves a result as a run does, and gives its key. */
export async function saveIn(
  storage: Storage,
  {
    task = 'Example',
    name = '0'.repeat(32),
    value = 1 as unknown,
    ...facts
  }: Partial<RunFacts> & { name?: string; value?: unknown },
): Promise<TaskKey> {
  const key = `${task}/${name}` as TaskKey;
  const base: RunFacts = {
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
  const { layers } = storage;
  await layers.save({ ...base, ...facts }, await layers.encode(value, undefined), undefined, undefined);
  return key;
}
