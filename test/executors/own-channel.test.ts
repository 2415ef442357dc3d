import { resolve } from 'node:path';
import { type Executor, task } from 'tidemark';
import { runOn } from '../../src/testing/run-on';
import { Closes, Posts, Writes } from './fixtures/talking-tasks';
import { pools } from './support/pools';

const modules = [resolve(__dirname, 'fixtures/talking-tasks.ts')];
let executor: Executor;
afterEach(() => executor?.close?.());

describe.each(Object.entries(pools))('%s', (_, pool) => {
  it('pass by what a task posts to its parent, and leave that port to tasks', async () => {
    executor = pool({ modules });
    const posted = await runOn(
      executor,
      [1, 2, 3, 4].map((n) => task(Posts, { n })),
    );
    expect(posted).toEqual([1, 2, 3, 4].map((n) => expect.stringMatching(`posted ${n}, has (null|undefined)`)));
    expect(await runOn(executor, [task(Closes), task(Posts)])).toEqual(['closed', expect.stringMatching('posted 0')]);
    expect(await runOn(executor, task(Posts))).toMatch('posted 0');
  });
});

it.each([
  ['a text', { text: 'hello hello hello hello hello' }],
  ['zeros', { text: '\0', times: 64 }],
  ['what looks like lengths', { text: `${String.fromCharCode(...new Uint8Array(6))}\u00f0?`, times: 4 }],
])('a process that writes to the files of its pool fails its own task alone: %s', async (_, params) => {
  executor = pools.processes({ modules });
  const failing = runOn(executor, task(Writes, params));
  const other = runOn(executor, task(Posts, { n: 5 }));
  await expect(failing).rejects.toThrow(/the process that ran it ended: something in it wrote to file descriptor 3/);
  expect(await other).toMatch('posted 5');
  expect(await runOn(executor, task(Posts, { n: 6 }))).toMatch('posted 6');
});
