import { hostname } from 'node:os';

/** What people call the workers of this process. */
export const workerName = `${hostname()}/${process.pid}`;
