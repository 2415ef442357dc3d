import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { task } from 'tidemark';
import { runOn } from '../../src/testing/run-on';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { Counted } from './bullmq/fixtures/tasks';
import { driver, linesOf } from './bullmq/support/drivers';
import { workerHere, workerProcess } from './bullmq/support/workers';
import { Add, Ends } from './fixtures/tasks';
import { pools } from './support/pools';

const folder = temporaryFolder();
const log = () => join(folder.path, 'containers');

/** A file with a container that writes down when it is made and closed, and by whom. */
function containerFile(close = "note('closed')"): string {
  const file = join(folder.path, 'container.js');
  const code = `
    const note = (what) =>
      require('fs').appendFileSync('${log()}', what + ' ' + process.pid + '/' + require('worker_threads').threadId + '\\n');
    exports.container = {
      resolve: (cls) => new cls(),
      close: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        ${close};
      },
    };
    note('made');`;
  writeFileSync(file, code);
  return file;
}

const namesOf = (what: string) =>
  linesOf(log())
    .filter((line) => line.startsWith(what))
    .map((line) => line.slice(what.length + 1))
    .sort();

afterEach(() => jest.restoreAllMocks());

describe.each(Object.entries(pools))('%s', (_, pool) => {
  it('close the containers of all their workers, also those that ran nothing', async () => {
    const executor = pool({ container: containerFile() });
    expect(await runOn(executor, task(Add))).toBe(3);
    await executor.close!();
    expect(namesOf('closed')).toHaveLength(2);
    expect(namesOf('closed')).toEqual(namesOf('made'));
  });

  it('close no container of a worker that was lost', async () => {
    const executor = pool({ container: containerFile(), size: 1 });
    await expect(runOn(executor, task(Ends, { how: 'exit' }))).rejects.toThrow('exit code 3');
    await executor.close!();
    expect([namesOf('made').length, namesOf('closed')]).toEqual([1, []]);
  });

  it('warn of a container that cannot be closed, and end all the same', async () => {
    const warned: string[] = [];
    jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warned.push(String(warning)));
    const executor = pool({ container: containerFile("throw new Error('it will not close')"), size: 1 });
    expect(await runOn(executor, task(Add))).toBe(3);
    await executor.close!();
    expect(warned).toEqual([expect.stringMatching('container.js could not be closed: it will not close')]);
  });
});

describeWithRedis('a worker of BullMQ', (server) => {
  const drive = async () => {
    const runner = driver(server);
    expect(await runner.run(Counted, { log: join(folder.path, 'log') })).toBe('counted 0');
    await runner.close();
    await server.cli('flushall');
  };

  it.each(['inline', 'threads'] as const)('closes its containers when it is closed: %s', async (executor) => {
    const container = containerFile();
    const worker = await workerHere(server, { container, executor });
    const other = await workerHere(server, { container, executor });
    await drive();
    await worker.close();
    // The process has one container for both.
    expect(namesOf('closed')).not.toContain(`${process.pid}/0`);
    await other.close();
    expect(namesOf('closed')).toContain(`${process.pid}/0`);
    expect(namesOf('closed')).toEqual(namesOf('made'));
  });

  it('closes them when it is told to stop', async () => {
    const worker = await workerProcess(server, { container: containerFile(), executor: 'processes' });
    await drive();
    worker.process.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(namesOf('closed')).toHaveLength(2);
    expect(namesOf('closed')).toEqual(namesOf('made'));
  });
});
