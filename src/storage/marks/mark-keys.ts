import { hash } from 'node:crypto';

const folder = '@cleared/';

/** The log that names the logs of all tasks. Its id is the storage's epoch. */
export const trunkKey = `${folder}@epoch`;

/** The log of a task. @param task its folder */
export function rootKey(task: string): string {
  return folder + task;
}

/** What the keys of all logs below that of a task start with. */
export function belowPrefix(task: string): string {
  return `${folder}${task}@`;
}

/** A log below that of a task. @param generation of the log of the task @param path hexadecimal digits */
export function belowKey(task: string, generation: string, path: string): string {
  return `${belowPrefix(task)}${generation}.${path}`;
}

/** The log of one result that was cleared before. @param spread of its name */
export function ownKey(task: string, generation: string, spread: string): string {
  return `${belowPrefix(task)}${generation}-${spread}`;
}

/** Hexadecimal digits that spread results evenly over the logs below that of their task. */
export function spreadOf(name: string): string {
  return hash('sha256', name, 'hex').slice(0, 32);
}
