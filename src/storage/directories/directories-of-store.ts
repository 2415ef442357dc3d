import type { StoreAdapter } from '../store';
import type { DirectoryFolder } from './directory-folder';

/** The task directories that a store has a place for, loaded with the first that has. */
export function directoriesOfStore({ folder }: StoreAdapter): DirectoryFolder | undefined {
  if (folder === undefined) return undefined;
  const { DirectoryFolder: Made } = require('./directory-folder') as typeof import('./directory-folder');
  return new Made(folder);
}
