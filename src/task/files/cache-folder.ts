import { lstat, mkdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The folder for caches, created if missing; undefined if no folder is safe to use. */
export async function cacheFolder(): Promise<string | undefined> {
  for (const folder of candidates()) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (await isOwn(folder)) return folder;
    } catch {
      // Try the next candidate.
    }
  }
  return undefined;
}

/** The user's cache folder by the conventions of the system, then one in the temporary folder. */
function candidates(): readonly string[] {
  const user = process.getuid?.();
  const temporary = join(tmpdir(), user === undefined ? 'tidemark-cache' : `tidemark-cache-${user}`);
  const home = homeFolder();
  return home === undefined ? [temporary] : [home, temporary];
}

function homeFolder(): string | undefined {
  const xdg = process.env['XDG_CACHE_HOME'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'tidemark');
  const local = process.env['LOCALAPPDATA'];
  if (process.platform === 'win32') return local ? join(local, 'tidemark', 'Cache') : undefined;
  const home = homedir();
  if (!isAbsolute(home)) return undefined;
  return process.platform === 'darwin' ? join(home, 'Library', 'Caches', 'tidemark') : join(home, '.cache', 'tidemark');
}

/** True if only this user can write to the folder: data of other users cannot be trusted. */
async function isOwn(folder: string): Promise<boolean> {
  const stats = await lstat(folder);
  const user = process.getuid?.();
  return stats.isDirectory() && (user === undefined || (stats.uid === user && (stats.mode & 0o022) === 0));
}
