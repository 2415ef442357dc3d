import { Storage, type TaskKey } from 'tidemark';
import { savedAlready } from '../../../src/executors/bullmq/worker/saved-already';
import type { RunFacts } from '../../../src/storage/layer';
import { saveIn } from '../../support/checkpoint';

const key = `Example/${'0'.repeat(32)}` as TaskKey;
const required = `Other/${'1'.repeat(32)}` as TaskKey;
const facts: RunFacts = {
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
const saved: Partial<RunFacts> = { requires: [[required, 'd1']], marks: ['m1'] };

async function look(inStorage: Partial<RunFacts>, wanted: Partial<RunFacts> = {}, source = 'abcdef'): Promise<string> {
  const storage = Storage.open('memory:');
  await saveIn(storage, { ...saved, ...inStorage });
  const { found, stale } = await savedAlready({ ...facts, ...wanted }, source, storage.layers, undefined);
  return found ? 'counts' : `${stale.length} stale`;
}

it.each<[string, string, Partial<RunFacts>, Partial<RunFacts>, string?]>([
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
  const { layers } = Storage.open('memory:');
  expect(await savedAlready(facts, 'abcdef', layers, undefined)).toEqual({ found: undefined, stale: [] });
});
