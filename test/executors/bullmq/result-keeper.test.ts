import { Param, Storage, Task, type TaskKey } from 'tidemark';
import { findSaved } from '../../../src/executors/bullmq/worker/result-keeper';
import type { RecordFields } from '../../../src/storage/write-checkpoint';
import { definitionOf } from '../../../src/task/definition';
import { saveIn } from '../../support/checkpoint';

const key = `Example/${'0'.repeat(32)}` as TaskKey;
const required = `Other/${'1'.repeat(32)}` as TaskKey;
const facts: RecordFields = {
  key,
  task: 'Example',
  version: undefined,
  params: {},
  source: 'abcdef',
  requires: [[required, 'd1']],
  marks: ['m1'],
  dynamic: [],
  seconds: 1,
};
@Task({ key: () => 'one' })
class Example {
  @Param({ optional: true }) n?: number;
  @Param({ key: false }) quiet = true;
  run() {}
}
const own = definitionOf(Example);
const task = { ...own, source: 'abcdef', options: {} };
const saved: Partial<RecordFields> = { requires: [[required, 'd1']], marks: ['m1'] };

async function look(
  inStorage: Partial<RecordFields>,
  wanted: Partial<RecordFields> = {},
  source = 'abcdef',
): Promise<string> {
  const storage = Storage.open('memory:');
  await saveIn(storage, { ...saved, ...inStorage });
  const { found, stale } = await findSaved({ ...facts, ...wanted }, { ...task, source }, storage.stack);
  return found ? 'counts' : `${stale.length} stale`;
}

it.each<[string, string, Partial<RecordFields>, Partial<RecordFields>, string?]>([
  ['what was made of the same counts', 'counts', {}, {}],
  ['what had seen more cleared counts', 'counts', { marks: ['m0', 'm1'] }, {}],
  ['what had not seen that something was cleared does not', '1 stale', { marks: [] }, {}],
  ['what was made of another result does not', '1 stale', { requires: [[required, 'd2']] }, {}],
  ['what was made of a result that is not known counts', 'counts', { requires: [[required, null]] }, {}],
  ['what was made by other code does not', '1 stale', { source: 'fedcba' }, {}],
  ['what was made by the code of this worker counts', 'counts', { source: 'fedcba' }, {}, 'fedcba'],
  ['what came from other refs does not', '1 stale', { dynamic: [[required, [key]]] }, {}],
  ['what came from the same refs counts', 'counts', { dynamic: [[required, [key]]] }, { dynamic: [[required, [key]]] }],
  ['what holds refs itself counts', 'counts', { dynamic: [[key, []]] }, {}],
])('%s', async (_, expected, inStorage, wanted, ...[source]) => {
  expect(await look(inStorage, wanted, source)).toBe(expected);
});

it('finds nothing where nothing is', async () => {
  const { stack } = Storage.open('memory:');
  expect(await findSaved(facts, task, stack)).toEqual({ found: undefined, stale: [] });
});

it('refuses the result of other params under a key of the task’s own making', async () => {
  const storage = Storage.open('memory:');
  await saveIn(storage, { ...saved, params: { n: 1, quiet: false }, source: own.source });
  const look = (params: object) => findSaved({ ...facts, params: { ...params, quiet: true } }, own, storage.stack);
  expect((await look({ n: 1 })).found).toBeDefined();
  await expect(look({ n: 2 })).rejects.toThrow(`Example({ n: 2, quiet: true }) has the key ${key}, under which`);
});
