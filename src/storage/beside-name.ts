import { randomInt } from 'node:crypto';
import { isProcessAlive, thisProcess } from './directories/owner';

/** When, on which machine, by which process, which started when, and the how many-eth: so many hexadecimal digits. */
const pattern = /^([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{6})([0-9a-f]{4})[0-9a-f]{6}$/;
/** What a live process, or one on a machine that cannot be asked, has not named in a record for so long, in seconds. */
const patience = 3600;
/** 2026: names that seem to be older, or from the future, are of a time when they did not tell. */
const first = 1_767_225_600;

/** Threads of a process, and copies of the package, begin somewhere else. */
let counter = randomInt(2 ** 24);

/**
 * A name for large bytes that no others have, and that tells who is writing them: what a killed process left can be
 * found by that.
 */
export function newBesideName(): string {
  const { machine, pid, start } = thisProcess();
  counter = (counter + 1) % 2 ** 24;
  return [digits(seconds(), 8), machine, digits(pid, 6), shortened(start), digits(counter, 6)].join('');
}

/** Whether no record will ever name bytes that none names now, as far as that can be told. */
export function isAbandoned(name: string): boolean {
  const [, written = '', machine = '', pid = '', start = ''] = pattern.exec(name) ?? [];
  const time = Number.parseInt(written, 16);
  const now = seconds();
  if (!(time >= first && time <= now + patience)) return true;
  const own = thisProcess();
  const isHere = machine === own.machine;
  if (isHere && !isProcessAlive(Number.parseInt(pid, 16), (known) => shortened(known) === start)) return true;
  return now - time > patience;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function digits(value: number, count: number): string {
  return (value % 16 ** count).toString(16).padStart(count, '0');
}

/** The last digits of when a process started, which the system counts up. */
function shortened(start: string): string {
  return digits(Number(start) || 0, 4);
}
