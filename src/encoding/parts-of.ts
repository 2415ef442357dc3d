import { types } from 'node:util';
import { mapValueStep, propertyStep } from './value-path';

/** What is directly in a value, each with the step that leads there. */
export function* partsOf(value: unknown): Iterable<readonly [step: string, part: unknown]> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  let position = 0;
  if (types.isMap(value)) {
    for (const [key, item] of value) {
      yield [`.keys()[${position}]`, key];
      yield [mapValueStep(key, position), item];
      position += 1;
    }
  } else if (types.isSet(value)) {
    for (const item of value) yield [`.values()[${position++}]`, item];
  } else {
    for (const key of Object.keys(value)) {
      yield [propertyStep(Array.isArray(value) ? Number(key) : key), (value as Record<string, unknown>)[key]];
    }
  }
}
