import { types } from 'node:util';
import { isPlainObject } from '../task/data';
import { isTaskRef } from '../task/ref';

/** Whether there is a task ref in a result: in arrays, plain objects, Maps and Sets, however deep. */
export function holdsRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const seen = new Set<object>();
  const stack: object[] = [value];
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (isTaskRef(at)) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const part of partsOf(at)) if (typeof part === 'object' && part !== null) stack.push(part);
  }
  return false;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  if (types.isMap(value) || types.isSet(value)) return value.values();
  return isPlainObject(value) ? Object.values(value) : [];
}
