import { join } from 'node:path';
import { type Executor, processes, Runner, threads } from 'tidemark';
import { checkRandomWorlds } from '../support/random-worlds';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const options = {
  modules: [join(__dirname, 'fixtures/random-workers.ts')],
  execArgv: ['-r', join(__dirname, '../support/register.js')],
  size: 2,
};

let pools: { readonly threads: Executor; readonly processes: Executor };
let runner: Runner;
beforeAll(() => {
  pools = { threads: threads(options), processes: processes(options) };
  runner = new Runner({ storage: 'memory:', onWarning: () => {} });
});
afterAll(async () => {
  await runner.close();
  await pools.threads.close!();
  await pools.processes.close!();
});

it('gives what a plain evaluation gives, wherever tasks run, within all limits, once each; what a failure needed is saved', async () => {
  await checkRandomWorlds({ runner, ...pools, folder: folder.path }, Number(process.env['RUNS'] ?? 40));
});
