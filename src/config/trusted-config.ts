import { existsSync, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const rootMarkers = ['package.json', '.git'];

/**
 * The last folder of the search for a config: the root of the project (the nearest folder with a `package.json` or
 * `.git`) or the home folder, whichever comes first. Without either, the topmost folder that no other user can write to.
 */
export function findSearchRoot(from: string): string {
  const home = realPath(homedir());
  for (let folder = from; ; folder = dirname(folder)) {
    if (folder === home || rootMarkers.some((name) => existsSync(join(folder, name)))) return folder;
    if (folder === dirname(folder)) return lastOwnFolder(from);
  }
}

function lastOwnFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const next = dirname(folder);
    if (next === dirname(next) || !isOwn(next)) return folder;
  }
}

/** Whether only this user and root can write to a folder, unlike `/tmp`. */
function isOwn(folder: string): boolean {
  if (process.getuid === undefined) return true;
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats === undefined || (trustedUsers().has(stats.uid) && !isWritableByOthers(stats));
}

/** The first of these files in a folder or its parents. */
export function findNearestFile(names: readonly string[], from: string, last: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const name = names.find((one) => existsSync(join(folder, one)));
    if (name !== undefined) return join(folder, name);
    if (folder === last) return undefined;
  }
}

/**
 * The reason why a config file cannot be trusted: another user controls its content, and so the code that runs or the
 * data that is loaded. Undefined when only this user and root control it.
 */
export function whyUntrusted(file: string): string | undefined {
  const kind = statSync(file);
  // Reading a pipe would never end; reading a folder fails with a clear error.
  if (!kind.isFile() && !kind.isDirectory()) return 'it is neither a file nor a link to one';
  // Windows has neither owners nor modes.
  if (process.getuid === undefined) return undefined;
  const target = realPath(file);
  const folder = dirname(file);
  const parts: readonly (readonly [path: string, name: string])[] = [
    [file, 'it'],
    [folder, `its folder ${folder}`],
    ...(target === join(realPath(folder), file.slice(folder.length + 1))
      ? []
      : ([
          [target, `its link target ${target}`],
          [dirname(target), `the folder of its link target ${target}`],
        ] as const)),
  ];
  for (const [path, name] of parts) {
    const problem = whyWritable(lstatSync(path), path, name);
    if (problem !== undefined) return `${problem}, or name the storage in the program or by TIDEMARK_STORAGE`;
  }
  return undefined;
}

function whyWritable(stats: Stats, path: string, name: string): string | undefined {
  const { uid, mode } = stats;
  if (!trustedUsers().has(uid))
    return `another user owns ${name} (uid ${uid}) and could change it. Take ownership (chown) if you trust it`;
  // Links have no mode of their own; in folders such as /tmp users can only change their own files.
  if (stats.isSymbolicLink() || (stats.isDirectory() && (mode & 0o1000) !== 0)) return undefined;
  if (!isWritableByOthers(stats)) return undefined;
  return `other users can write ${name} (mode ${(mode & 0o7777).toString(8)}), and so change it. Forbid that (chmod go-w ${path})`;
}

/** This user, root, and the user who started sudo. */
function trustedUsers(): ReadonlySet<number> {
  const sudoUser = process.getuid!() === 0 ? Number(process.env['SUDO_UID'] ?? 0) : 0;
  return new Set([process.getuid!(), 0, sudoUser]);
}

/** Whether others can write. A group with the number of its user has no other user, by convention. */
function isWritableByOthers({ mode, uid, gid }: Stats): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
