import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * Node's own `require`, which bundlers do not process, relative to this file or to the bundle that contains it.
 *
 * For modules that are resolved at run time, such as optional packages, which a bundle does not contain.
 */
export const nodeRequire: NodeJS.Require = createRequire(
  // In bundles other than CommonJS, `__filename` is undefined or not a path.
  typeof __filename === 'string' && isAbsolute(__filename) ? __filename : join(process.cwd(), 'index.js'),
);
