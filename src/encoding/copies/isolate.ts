import { Copier } from './copier';

/** Smaller typed arrays are copied with the rest of a result; larger ones only when somebody else has them as well. */
const smallArrayBytes = 64 * 1024;

/** A value that others may receive. */
export interface Isolated {
  readonly value: unknown;
  /** Whether there is something in it that cannot be frozen, so that each user needs a copy of that. */
  readonly hasMutable: boolean;
}

/**
 * A result apart from what its task still has: a frozen copy of its plain objects and arrays, with copies of Maps,
 * Sets, Dates and so on. What is frozen already is used as it is; large typed arrays and instances of classes too.
 *
 * @param isChecked whether it is known to have no accessors, symbols or hidden properties, nor arrays with holes
 */
export function frozenCopy(value: unknown, isChecked = false): Isolated {
  return isolated(
    value,
    new Copier({ freezes: true, copiesBytesBelow: smallArrayBytes, copiesInstances: false }, isChecked),
  );
}

/** The same for a value that is kept elsewhere as well: large typed arrays and registered instances are copied too. */
export function frozenCopyOfAll(value: unknown): Isolated {
  return isolated(value, newUserCopier());
}

/** A copy that can be changed, of everything that can be copied. */
export function freshCopy(value: unknown): unknown {
  return new Copier({
    freezes: false,
    copiesBytesBelow: Number.POSITIVE_INFINITY,
    copiesInstances: true,
  }).copy(value);
}

/** Makes copies of isolated values for one user, in which the same object is the same copy. */
export function newUserCopier(): Copier {
  return new Copier({ freezes: true, copiesBytesBelow: Number.POSITIVE_INFINITY, copiesInstances: true });
}

export type { Copier };

function isolated(value: unknown, copier: Copier): Isolated {
  const copy = copier.copy(value);
  return { value: copy, hasMutable: copier.hasMutable };
}
