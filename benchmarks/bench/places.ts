import { join } from 'node:path';

/** The folder of compiled programs. */
export const programs = join(__dirname, '..');

/** The repository. */
export const root = join(programs, '../..');

/** The sources of the benchmarks, where figures and plots are kept. */
export const sources = join(root, 'benchmarks');
