import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * Node's own `require`, which bundlers leave alone: from this file, or from the bundle that it is part of.
 *
 * For what is found at run time only, such as optional packages, which a bundle does not hold.
 */
export const nodeRequire: NodeJS.Require = createRequire(
  // In bundles of other kinds than CommonJS there is no such variable, or it is no path.
  typeof __filename === 'string' && isAbsolute(__filename) ? __filename : join(process.cwd(), 'index.js'),
);
