import { hash } from 'node:crypto';
import type { Job } from '../executor';

let count = 0;

/**
 * What a job is called. Those whose result is saved are called by it, so that two runs that want the same share one
 * job; unless they would not get the same: what they had seen cleared, or what they give the task, differs.
 */
export function jobIdOf({ shared, context }: Job): string {
  const { facts, isForced = true, runId = process.pid } = shared ?? {};
  if (!facts || isForced) return `${runId}.${Date.now().toString(36)}.${++count}.${context.attempt}`;
  const { key, marks, requires } = facts;
  if (marks.length === 0 && requires.length === 0) return key;
  const given = hash('sha256', JSON.stringify([[...marks].sort(), requires]), 'hex');
  return `${key}~${given.slice(0, 16)}`;
}
