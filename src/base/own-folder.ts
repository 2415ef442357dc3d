import { basename, extname, join } from 'node:path';

/** The folder of this package's code; undefined in a bundle, whose file has another name than this one. */
export const ownFolder: string | undefined =
  typeof __filename === 'string' && basename(__filename, extname(__filename)) === 'own-folder'
    ? join(__dirname, '..')
    : undefined;

/** A file of this package, by its path in `src` without extension; undefined in a bundle. */
export function ownFile(name: string): string | undefined {
  return ownFolder === undefined ? undefined : join(ownFolder, `${name}${extname(__filename)}`);
}
