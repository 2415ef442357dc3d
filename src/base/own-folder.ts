import { createRequire } from 'node:module';
import { basename, extname, isAbsolute, join } from 'node:path';

/**
 * The folder of this package's code; undefined in a bundle, whose file has another name than this one. Some bundlers
 * replace `__filename` by the name of this file, but a bundle has no module of that name.
 */
export const ownFolder: string | undefined =
  typeof __filename === 'string' &&
  basename(__filename, extname(__filename)) === 'own-folder' &&
  typeof module === 'object' &&
  module.filename === __filename
    ? join(__dirname, '..')
    : undefined;

/** A file of this package, by its path in `src` without extension; undefined in a bundle. */
export function ownFile(name: string): string | undefined {
  return ownFolder === undefined ? undefined : join(ownFolder, `${name}${extname(__filename)}`);
}

/**
 * Node's own `require`, which bundlers do not process, relative to this file or to the bundle that contains it.
 *
 * For modules that are resolved at run time, such as optional packages, which a bundle does not contain.
 */
export const nodeRequire: NodeJS.Require = createRequire(
  // In bundles other than CommonJS, `__filename` is undefined or not a path.
  typeof __filename === 'string' && isAbsolute(__filename) ? __filename : join(process.cwd(), 'index.js'),
);
