import { resolve } from 'node:path';
import { processes } from '../../../src/executors/processes';
import { threads } from '../../../src/executors/threads';

const tasks = resolve(__dirname, '../fixtures/tasks.ts');
// Jest compiles only what it loads itself.
const execArgv = ['-r', resolve(__dirname, '../../support/register.js')];

/** Pools for the tasks of `fixtures/tasks.ts`. */
export const pools = {
  threads: (options: Partial<Parameters<typeof threads>[0]> = {}) =>
    threads({ modules: [tasks], size: 2, execArgv, ...options }),
  processes: (options: Partial<Parameters<typeof processes>[0]> = {}) =>
    processes({ modules: [tasks], size: 2, execArgv, ...options }),
};
