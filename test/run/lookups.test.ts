import { Lookups } from '../../src/run/checkpoints';

/** Lookups of one node in one layer, which has an entry, where judging that fails. */
function failing(find: () => unknown): Lookups {
  const layer = { find };
  const options = {
    layers: { reads: [{ store: layer, promoteTo: [] }] },
    graph: { nodes: [{ task: { options: {} } }] },
    keys: { of: () => 'Task/1' },
  };
  const staleness = {
    whyOf: () => {
      throw new Error('no permission');
    },
  };
  return new Lookups(...([options, staleness] as unknown as ConstructorParameters<typeof Lookups>));
}

it.each([
  ['now', () => ({})],
  ['later', async () => ({})],
])(
  'takes what fails while a checkpoint is judged for a fault of its layer, when the storage answers %s',
  async (_, find) => {
    const { found, faults, why } = await failing(find).lookUp(0);
    expect([found, why, faults.map(({ error }) => (error as Error).message)]).toEqual([
      undefined,
      'its checkpoint cannot be used',
      ['no permission'],
    ]);
  },
);
