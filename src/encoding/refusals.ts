import { builtInName } from '../base/built-in-name';
import { propertyStep } from './value-path';
import type { Walk } from './walk';

/** Refuses an object for its class. */
export function refuseClass(prototype: object, walk: Walk): number {
  const Class: unknown = prototype.constructor;
  const name = typeof Class === 'function' ? Class.name : '';
  if (name === '') return walk.refuse('is an instance of a class without a name; return plain data');
  return walk.refuse(
    builtInName(prototype) === undefined
      ? `is an instance of ${name}, a class that Tidemark does not know; return plain data, or registerType(${name}, …)`
      : `is of the built-in class ${name}; return plain data`,
  );
}

/** Refuses an object such as a Map for a property that it has of its own, which decoders would drop. */
export function refuseExtra(key: string | symbol, walk: Walk): number {
  walk.refuse('is a property added to a built-in object');
  return walk.stopAt(propertyStep(key));
}
