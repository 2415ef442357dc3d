import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Misuse } from './misuse';

/** Checks, before anything runs, that a file can be written. @throws {Misuse} when its folder is not there, or it is one */
export function checkOutput(file: string): void {
  const path = resolve(file);
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Misuse(`cannot write ${file}: there is no folder ${folder}`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new Misuse(`cannot write ${file}: it is a folder`);
}
