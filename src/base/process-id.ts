import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';

/** `<machine>-<pid>-<process start>-<copy of this module>-<counter>`: identifies leftovers of killed processes. */
const pattern = /^([0-9a-f]{8})-(\d{1,20})-(\d{1,20})-([0-9a-f]{12})-[0-9a-z]{1,20}$/;
/** Minimum age of an orphan of another machine, whose processes cannot be checked. */
const orphanedAfter = 7 * 24 * 60 * 60_000;

/** This thread and copy of the package: each knows only its own uses. */
const copy = randomBytes(6).toString('hex');
let counter = 0;
let ownProcess: { readonly machine: string; readonly pid: number; readonly start: string } | undefined;
/** Number of uses by runs of this process, by id. */
const uses = new Map<string, number>();

/** A unique id that identifies the process that made it. */
export function newOwnerId(): string {
  const { machine: here, pid, start } = thisProcess();
  return `${here}-${pid}-${start}-${copy}-${(counter++).toString(36)}`;
}

/** This process: its machine, in 8 hexadecimal digits, its number and its start time. */
export function thisProcess(): { readonly machine: string; readonly pid: number; readonly start: string } {
  return (ownProcess ??= { machine: machine(), pid: process.pid, start: startOf(process.pid) });
}

/** True while a process of this machine runs. @param isSame compares start times, since process numbers are reused */
export function isProcessAlive(pid: number, isSame: (start: string) => boolean): boolean {
  return isAlive(pid) && isSame(startOf(pid));
}

/** True if a process with this number runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

export function isOwnerId(name: string): boolean {
  return pattern.test(name);
}

/** Keeps an object in use until `release` was called as often. */
export function retain(nonce: string): void {
  uses.set(nonce, (uses.get(nonce) ?? 0) + 1);
}

export function release(nonce: string): void {
  const left = (uses.get(nonce) ?? 1) - 1;
  if (left > 0) uses.set(nonce, left);
  else uses.delete(nonce);
}

/** True if, as far as can be determined, no process uses the object any more. */
export function isOrphaned(path: string, nonce: string): boolean {
  const [, madeOn, pid, start, madeBy] = pattern.exec(nonce) ?? [];
  if (madeOn === undefined || uses.has(nonce)) return false;
  if (madeBy === copy) return true;
  if (madeOn === thisProcess().machine) return !isProcessAlive(Number(pid), (known) => known === start);
  const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > orphanedAfter;
}

/** Identifies a machine, or a container on it: the scope of process numbers. */
function machine(): string {
  const identity = [
    hostname(),
    readOrEmpty(() => readFileSync('/etc/machine-id')),
    readOrEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 8);
}

/** The start time of a process, where the system provides it: process numbers are reused. */
function startOf(pid: number): string {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field is a name in parentheses, which may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, but keeps its number until its parent reads the exit status.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '0');
}

function readOrEmpty(read: () => string | Buffer): string {
  try {
    return String(read());
  } catch {
    return '';
  }
}
