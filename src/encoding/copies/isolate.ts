import { Copier } from './copier';

/** Typed arrays of this size or more are copied only when the result is also used elsewhere. */
const smallArrayBytes = 64 * 1024;

/** A value that several users may receive. */
interface Isolated {
  readonly value: unknown;
  /** Whether a part of it cannot be frozen, so that each user needs a copy of that part. */
  readonly hasMutable: boolean;
}

/**
 * Separates a result from the objects that its task still has: copies and freezes plain objects and arrays, and copies
 * Maps, Sets, Dates and so on. Frozen data, large typed arrays and instances of classes are shared.
 *
 * @param isChecked whether the value is known to have no accessors, symbol keys, hidden properties or holes
 */
export function frozenCopy(value: unknown, isChecked = false): Isolated {
  return isolated(
    value,
    new Copier({ freezes: true, copiesBytesBelow: smallArrayBytes, copiesInstances: false }, isChecked),
  );
}

/** Does the same for a value that is also used elsewhere: copies large typed arrays and registered instances as well. */
export function frozenCopyOfAll(value: unknown): Isolated {
  return isolated(value, newUserCopier());
}

/** Copies everything that can be copied, without freezing. */
export function freshCopy(value: unknown): unknown {
  return new Copier({
    freezes: false,
    copiesBytesBelow: Number.POSITIVE_INFINITY,
    copiesInstances: true,
  }).copy(value);
}

/** Makes a copier of isolated values for one user: an object in several of them has one copy. */
export function newUserCopier(): Copier {
  return new Copier({ freezes: true, copiesBytesBelow: Number.POSITIVE_INFINITY, copiesInstances: true });
}

export type { Copier };

function isolated(value: unknown, copier: Copier): Isolated {
  const copy = copier.copy(value);
  return { value: copy, hasMutable: copier.hasMutable };
}
