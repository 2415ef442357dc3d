import { basename, extname, join } from 'node:path';

/** The folder of this package's code; undefined when that is part of a bundle, which has another name than this file. */
export const ownFolder: string | undefined =
  typeof __filename === 'string' && basename(__filename, extname(__filename)) === 'own-folder'
    ? join(__dirname, '..')
    : undefined;

/** A file of this package, named by its path in `src` without its ending; undefined in a bundle, where there is none. */
export function ownFile(name: string): string | undefined {
  return ownFolder === undefined ? undefined : join(ownFolder, `${name}${extname(__filename)}`);
}
