/**
 * A fingerprint of the content of one or more files, for a task's `fingerprint()`.
 *
 * It depends on content alone: a copy, a fresh clone or a touched file has the same fingerprint; other content has
 * another one, whatever its size and times. An unchanged file of 64 KiB or more is not read again, in this process or
 * another one. For several files, or for a pattern, the names count too, relative to their common folder; their order
 * does not.
 *
 * @param path the file, absolute or relative to the working folder; a pattern such as `data/*.csv` or `data/**`, with
 *   `/` between folders; or several of these, where patterns that start with `!` exclude files
 * @throws {TidemarkError} if a file does not exist, cannot be read or is a folder, or if a pattern matches no file
 * @example
 * fingerprint() { return fileFingerprint(this.path); }
 * @example
 * fingerprint() { return fileFingerprint(['data/*.csv', '!data/draft-*', 'schema.json']); }
 */
export async function fileFingerprint(path: string | readonly string[]): Promise<string> {
  return implementation().fingerprintFiles(path);
}

/**
 * A fingerprint of the content and names of all files in a folder and its subfolders, for a task's `fingerprint()`.
 *
 * Names are relative to the folder, so a copy has the same fingerprint. Symbolic links are followed. Empty folders,
 * times and permissions do not count.
 *
 * @param path the folder, absolute or relative to the working folder
 * @throws {TidemarkError} if the folder does not exist, is a file, or contains something unreadable
 * @example
 * fingerprint() { return folderFingerprint(this.folder); }
 */
export async function folderFingerprint(path: string): Promise<string> {
  return implementation().fingerprintFolder(path);
}

/** Loaded on first use: most programs use no fingerprints. */
function implementation(): typeof import('./fingerprint/fingerprint-files') {
  return require('./fingerprint/fingerprint-files') as typeof import('./fingerprint/fingerprint-files');
}
