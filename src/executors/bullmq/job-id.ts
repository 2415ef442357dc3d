import { hash } from 'node:crypto';
import { jsonText } from '../../base/json-text';
import { clearsOf } from '../../storage/marks/epochs';
import type { Job } from '../executor';

let count = 0;

/**
 * What a job is called. Those whose result is saved are called by it, so that two runs that want the same share one
 * job; unless they would not get the same: what they had seen cleared, or what they give the task, differs.
 */
export function jobIdOf({ shared, context }: Job): string {
  const { attempt } = context;
  const { facts, isForced = true, runId = process.pid } = shared ?? {};
  if (!facts || isForced) return `${runId}.${Date.now().toString(36)}.${++count}.${attempt}`;
  const { key, requires } = facts;
  const marks = clearsOf(facts.marks);
  // An attempt is not to be answered with what another driver's earlier one comes to.
  const id = attempt === 1 ? key : `${key}~${attempt}`;
  if (marks.length === 0 && requires.length === 0) return id;
  const given = hash('sha256', jsonText([[...marks].sort(), requires]), 'hex');
  return `${id}~${given.slice(0, 16)}`;
}
