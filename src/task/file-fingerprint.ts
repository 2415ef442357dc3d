/**
 * The content of a file, or of several, for a task's `fingerprint()`.
 *
 * The content alone decides: a copy, a fresh clone or a touched file has the same fingerprint, and another content has
 * another one, whatever its size and times. An unchanged file of 64 KiB or more is not read again, in this process or
 * another one. Of several files, or those that match a pattern, the names count as well, relative to the folder that
 * they have in common; the order in which they are given does not.
 *
 * @param path the file, absolute or from the working folder; a pattern such as `data/*.csv` or `data/**`, with `/`
 *   between folders; or several of these, of which patterns that begin with `!` exclude files
 * @throws {TidemarkError} when a file does not exist or cannot be read, is a folder, or when nothing matches a pattern
 * @example
 * fingerprint() { return fileFingerprint(this.path); }
 * @example
 * fingerprint() { return fileFingerprint(['data/*.csv', '!data/draft-*', 'schema.json']); }
 */
export async function fileFingerprint(path: string | readonly string[]): Promise<string> {
  return implementation().fingerprintFiles(path);
}

/**
 * The content and names of all files in a folder and below it, for a task's `fingerprint()`.
 *
 * Names are relative to the folder, so that a copy of it has the same fingerprint. Symbolic links are followed. Empty
 * folders, times and permissions do not count.
 *
 * @param path the folder, absolute or from the working folder
 * @throws {TidemarkError} when the folder does not exist, is a file, or something in it cannot be read
 * @example
 * fingerprint() { return folderFingerprint(this.folder); }
 */
export async function folderFingerprint(path: string): Promise<string> {
  return implementation().fingerprintFolder(path);
}

/** Loaded when the first file is asked for: most programs ask for none. */
function implementation(): typeof import('./files/fingerprint') {
  return require('./files/fingerprint') as typeof import('./files/fingerprint');
}
