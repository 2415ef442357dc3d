import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Executor, processes, Runner, threads } from 'tidemark';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';
import { Build, Flaky, HandOn, KeepScratch, Read, ReadScratch, Scratch } from './fixtures/directory-tasks';

const options = {
  modules: [join(__dirname, 'fixtures/directory-tasks.ts')],
  execArgv: ['-r', join(__dirname, '../support/register.js')],
  size: 2,
};
const folder = temporaryFolder();
let pool: Executor;
afterEach(() => pool.close?.());

describe.each([
  ['threads', () => threads(options)],
  ['processes', () => processes(options)],
])('in %s', (_, open) => {
  beforeEach(() => void (pool = open()));
  const runner = (executor?: Executor) =>
    new Runner({ storage: `file:${folder.path}`, onWarning: () => {}, ...(executor && { executor }) });

  it('a task has its directory, and whoever requires it finds it: there, here and in later runs', async () => {
    const { path } = await runner(pool).run(Build);
    expect(path.startsWith(`${folder.path}/${await runner().key(Build)}.d/`)).toBe(true);
    expect(readdirSync(path)).toEqual(['name.txt']);
    expect(await runner(pool).run(Read)).toBe('a');
    const { result, summary } = await outcomeOf(runner().start(Build));
    expect([result.path, summary.ran]).toEqual([path, 0]);
  });

  it('a result names the directories that it hands on', async () => {
    const { list } = await runner(pool).run(HandOn);
    const { path } = list.get('it')!;
    expect((await runner().run(HandOn)).list.get('it')!.path).toBe(path);
    rmSync(path, { recursive: true });
    expect((await outcomeOf(runner(pool).start(HandOn))).summary.ran).toBe(2);
  });

  it('failed attempts and tasks that are not saved leave nothing', async () => {
    expect(await runner(pool).run(Flaky, { failures: 1 })).toBe(2);
    expect(readdirSync(join(folder.path, `${await runner().key(Flaky, { failures: 1 })}.d`))).toHaveLength(1);
    expect(await runner(pool).run(ReadScratch)).toBe('scratch');
    const { path } = await runner(pool).run(Scratch);
    expect(existsSync(path)).toBe(false);
    await expect(runner(pool).run(KeepScratch)).rejects.toThrow('the directory of a task that is not saved');
  });
});
