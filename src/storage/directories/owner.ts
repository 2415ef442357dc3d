import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';

/** `<machine>-<pid>-<start of the process>-<copy of this module>-<counter>`, so that what a killed process left can be told. */
const pattern = /^([0-9a-f]{8})-(\d{1,20})-(\d{1,20})-([0-9a-f]{12})-[0-9a-z]{1,20}$/;
/** Whether a process on another machine still lives cannot be asked: its directories are left alone for this long. */
const patience = 7 * 24 * 60 * 60_000;

/** Threads, and copies of the package, know only of their own what is in use. */
const copy = randomBytes(6).toString('hex');
let counter = 0;
let self: { readonly machine: string; readonly pid: number; readonly start: string } | undefined;
/** How many runs of this process use a directory, by its nonce. */
const uses = new Map<string, number>();

/** A name that no other directory has, and that tells who made it. */
export function newNonce(): string {
  const { machine: here, pid, start } = thisProcess();
  return `${here}-${pid}-${start}-${copy}-${(counter++).toString(36)}`;
}

/** The machine, in 8 hexadecimal digits, and the process that this is. */
export function thisProcess(): { readonly machine: string; readonly pid: number; readonly start: string } {
  return (self ??= { machine: machine(), pid: process.pid, start: startOf(process.pid) });
}

/** Whether a process of this machine lives. @param isSame whether it started when the one that is meant did */
export function isProcessAlive(pid: number, isSame: (start: string) => boolean): boolean {
  return isAlive(pid) && isSame(startOf(pid));
}

/** Whether a process with this number runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

export function isNonce(name: string): boolean {
  return pattern.test(name);
}

/** Says that a directory must stay, until `release` is called as often. */
export function hold(nonce: string): void {
  uses.set(nonce, (uses.get(nonce) ?? 0) + 1);
}

export function release(nonce: string): void {
  const left = (uses.get(nonce) ?? 1) - 1;
  if (left > 0) uses.set(nonce, left);
  else uses.delete(nonce);
}

/** Whether nobody can be using a directory any more, as far as that can be told. */
export function isAbandoned(path: string, nonce: string): boolean {
  const [, madeOn, pid, start, madeBy] = pattern.exec(nonce) ?? [];
  if (madeOn === undefined || uses.has(nonce)) return false;
  if (madeBy === copy) return true;
  if (madeOn === thisProcess().machine) return !isProcessAlive(Number(pid), (known) => known === start);
  const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > patience;
}

/** A machine, or a container on it, where a process number means one process. */
function machine(): string {
  const identity = [
    hostname(),
    tryTo(() => readFileSync('/etc/machine-id')),
    tryTo(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 8);
}

/** When a process started, where the system tells: numbers of processes are used again. */
function startOf(pid: number): string {
  const stat = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field is a name in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie is dead, though it keeps its number until somebody asks how it ended.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '0');
}

function tryTo(read: () => string | Buffer): string {
  try {
    return String(read());
  } catch {
    return '';
  }
}
