import type { CheckpointStore } from '../../src/storage/checkpoint-store';
import { type FindRequest, StorageStack } from '../../src/storage/storage-stack';
import type { TaskKey } from '../../src/task/context';

const key = 'Task/1' as TaskKey;

/** A stack over stores of which only `find` is used. */
function stackOver(...finds: (() => unknown)[]): StorageStack {
  return new StorageStack(
    finds.map((find) => ({ store: { find } as unknown as CheckpointStore, promoteTo: [] })),
    [],
  );
}

function find(stack: StorageStack, whyStale: FindRequest['whyStale'] = () => undefined, start?: number) {
  return stack.find({ key, encoder: undefined, whyStale }, start);
}

const failing = () => {
  throw new Error('no permission');
};

describe.each([
  ['at once', (checkpoint?: object) => () => checkpoint],
  ['later', (checkpoint?: object) => async () => checkpoint],
])('in stores that answer %s', (_, answering) => {
  it('finds the first checkpoint that counts, with the stale ones before it', async () => {
    const [stale, good, other] = [{}, {}, {}];
    const stack = stackOver(answering(), answering(stale), answering(good), answering(other));
    const lookup = await find(stack, ({ checkpoint }) =>
      checkpoint === (stale as never) ? 'it was cleared' : undefined,
    );
    expect([lookup.found?.checkpoint, lookup.found?.from]).toEqual([good, stack.reads[2]]);
    expect(lookup.found?.checkpoint).toBe(good);
    expect(lookup.stale.map(({ checkpoint }) => checkpoint)).toEqual([stale]);
  });

  it('tells the reason when nothing counts', async () => {
    expect(await find(stackOver(answering()))).toMatchObject({ found: undefined, why: 'there is no checkpoint' });
    const lookup = await find(stackOver(answering({}), answering()), async () => 'it was cleared');
    expect(lookup).toMatchObject({ found: undefined, why: 'it was cleared' });
  });

  it('searches the stores from a given one on', async () => {
    const stack = stackOver(answering({}), answering());
    expect((await find(stack, undefined, 1)).found).toBeUndefined();
  });

  it('reports an error while judging a checkpoint as a failure of its store', async () => {
    const { found, failures, why } = await find(stackOver(answering({})), failing);
    expect([found, why, failures.map(({ error }) => (error as Error).message)]).toEqual([
      undefined,
      'its checkpoint cannot be used',
      ['no permission'],
    ]);
  });

  it('searches on when a store fails', async () => {
    const stack = stackOver(failing, answering({}));
    const { found, failures } = await find(stack);
    expect([found?.from, failures]).toEqual([
      stack.reads[1],
      [{ store: stack.reads[0]!.store, error: expect.any(Error) }],
    ]);
  });
});
