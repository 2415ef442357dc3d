import type { TaskRef } from '../task/ref';

/** A frozen copy of a value, as params hold it. */
export interface DataCopy {
  readonly value: unknown;
  /** Whether it holds something that cannot be frozen (a Date, Map, typed array…), so that each task needs a copy of its own. */
  readonly thaws: boolean;
  /** The task refs in it. */
  readonly refs: readonly TaskRef<unknown>[];
}

export const noRefs: readonly TaskRef<unknown>[] = Object.freeze([]);

/** Copies without refs and without mutable parts. */
const plain = new WeakSet<object>();
/** All other copies, by their value. */
const others = new WeakMap<object, DataCopy>();

/** Registers a copy: given again as a value, it is used as it is. */
export function registerCopy(copy: DataCopy): void {
  if (!copy.thaws && copy.refs.length === 0) plain.add(copy.value as object);
  else others.set(copy.value as object, copy);
}

/** The copy whose value this object is. */
export function copyOf(value: object): DataCopy | undefined {
  return plain.has(value) ? { value, thaws: false, refs: noRefs } : others.get(value);
}

/** Whether an object is the value of a copy without refs: its content never changes, and depends on nothing else. */
export function isConstant(value: object): boolean {
  return plain.has(value) || others.get(value)?.refs.length === 0;
}
