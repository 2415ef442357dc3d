import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small disk of its own, in memory. */
export interface Disk {
  readonly path: string;
  /** Nothing on it can be changed any more. */
  makeReadOnly(): void;
}

/**
 * A `describe` with a disk of one megabyte, an empty one for each test. Where disks may not be mounted its tests are
 * skipped, since that takes the administrator.
 */
export function describeWithDisk(name: string, tests: (disk: Disk) => void): void {
  if (!canMount()) {
    // Jest does not show the names of what it skips.
    process.stderr.write(`${name}: skipped: a tmpfs cannot be mounted here\n`);
    describe.skip(name, () => tests({ path: '', makeReadOnly() {} }));
    return;
  }
  describe(name, () => {
    const disk = { path: '', makeReadOnly: () => void mount('-o', 'remount,ro', disk.path) };
    beforeEach(() => void (disk.path = mounted()));
    afterEach(() => unmount(disk.path));
    tests(disk);
  });
}

let isAllowed: boolean | undefined;

function canMount(): boolean {
  if (isAllowed !== undefined) return isAllowed;
  try {
    unmount(mounted());
    return (isAllowed = true);
  } catch {
    return (isAllowed = false);
  }
}

function mounted(): string {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-disk-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path);
  } catch (error) {
    rmSync(path, { recursive: true });
    throw error;
  }
  return path;
}

/** Also while something on it is still open. */
function unmount(path: string): void {
  spawnSync('umount', ['-l', path]);
  rmSync(path, { recursive: true });
}

function mount(...args: string[]): void {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(stderr);
}
