import { builtInName } from '../../base/built-in-classes';
import { UnsupportedValueError } from '../errors';
import { propertyStep } from '../properties';
import type { RegisteredType } from '../register-type';

/**
 * What a value asks of an encoding: flags, added up over everything that it contains. From `STOP` on there is
 * no use in looking further.
 */
export const OK = 0;
/** It has a -0, which cbor-x keeps only when it writes every number as a float. */
export const FLOATS = 1;
export const NOT_CBOR = 2;
export const NOT_V8 = 4;
/** It holds typed arrays so large that they are kept apart from the rest. */
export const SEGMENTS = 8;
/** It holds instances of registered classes. */
export const TYPED = 16;
export const STOP = 32;

/** cbor-x numbers the objects that occur twice with 16 bits, and wraps around silently. */
const maxShared = 65_536;
/** Decoding nested Sets with cbor-x overflows the stack near 640 levels: a third leaves room for the caller. */
const maxCborDepth = 200;
/** V8's decoder gives up near 1,950 levels, this walk earlier. */
const maxV8Depth = 500;
/** A hurried walk, which remembers nothing, gives up here: there may be a cycle. */
const quickLimits = { depth: 64, containers: 2_000 } as const;

/** Instances of registered classes, and what they are encoded as. */
export type TypedValues = Map<object, { readonly type: RegisteredType; readonly data: unknown }>;

/** What a walk remembers that is not hurried. */
interface VisitedObjects {
  readonly seen: Set<object>;
  /** What has been seen twice. */
  readonly shared: Set<object>;
  /** The Maps, Sets and so on that the walk is inside of: those that a cycle may not lead back to. */
  readonly open: Map<object, { readonly flags: number; readonly name: string }>;
}

/** The state of one walk through a value: what has been seen, and why it stopped. */
export class Inspection {
  /** Why the value is refused. */
  problem: string | undefined;
  /** What was thrown, when that is why. */
  cause: unknown;
  /** The way from the refused value up to the root, innermost step first; written while unwinding. */
  steps: string[] | undefined;
  private objectCount = 0;
  private readonly visited: VisitedObjects | undefined;

  /**
   * @param lookAt - What goes into the contents of each object.
   * @param hurried - Without looking out for what occurs twice: several times faster for small values.
   * @param typed - Filled with the instances of registered classes; several walks share it, so that each is encoded once.
   * @param without - `NOT_CBOR` refuses what V8 cannot carry either, to find out where it is.
   */
  constructor(
    private readonly lookAt: (value: unknown, walk: Inspection, depth: number) => number,
    hurried: boolean,
    readonly typed: TypedValues,
    private readonly without: number = OK,
  ) {
    this.visited = hurried ? undefined : { seen: new Set(), shared: new Set(), open: new Map() };
  }

  /** What a value inside asks for. */
  inspect(value: unknown, depth: number): number {
    return this.lookAt(value, this, depth);
  }

  /** Whether a hurried walk gave up; another kind of walk will tell. */
  get isUndecided(): boolean {
    return this.problem === undefined;
  }

  /** Notes an object when the walk meets it. Undefined means that its contents are still to be looked at. */
  visit(object: object, depth: number): number | undefined {
    const { visited } = this;
    if (visited === undefined) {
      this.objectCount += 1;
      return depth > quickLimits.depth || this.objectCount > quickLimits.containers ? STOP : undefined;
    }
    if (visited.seen.has(object)) return this.revisit(object, visited);
    visited.seen.add(object);
    return undefined;
  }

  /** What being this deep asks for. */
  depthFlags(depth: number): number {
    if (depth <= maxCborDepth) return OK;
    return depth > maxV8Depth ? this.refuse(`is nested more than ${maxV8Depth} levels deep`) : NOT_CBOR;
  }

  /** Enters an object that decoders make only after its contents: a cycle through it asks for these flags. */
  enter(object: object, flags: number, name: string): void {
    this.visited?.open.set(object, { flags, name });
  }

  /** Leaves such an object again. */
  exit(object: object): void {
    this.visited?.open.delete(object);
  }

  /** The flags, unless they rule out what this walk is about: then the value is refused. */
  needs(flags: number, problem: string): number {
    const ruledOut = flags | this.without;
    return (ruledOut & NOT_CBOR) !== 0 && (ruledOut & NOT_V8) !== 0 && (flags & NOT_V8) !== 0
      ? this.refuse(problem)
      : flags;
  }

  refuse(problem: string, cause?: unknown): number {
    if (this.problem === undefined) {
      this.problem = problem;
      this.cause = cause;
    }
    return STOP;
  }

  /** Stops, on the way up from a refused value. */
  stopAt(step: string): number {
    (this.steps ??= []).push(step);
    return STOP;
  }

  private revisit(object: object, { open, shared }: VisitedObjects): number {
    const opened = open.get(object);
    if (opened !== undefined) return this.needs(opened.flags, `leads back to the ${opened.name} that it is in`);
    shared.add(object);
    return shared.size > maxShared ? NOT_CBOR : OK;
  }
}

/** What a whole value asks for. */
export function inspectFrom(value: unknown, inspection: Inspection, root: string): number {
  try {
    return inspection.inspect(value, 0);
  } catch (cause) {
    // A getter or the trap of a Proxy threw, or the caller had used up the stack.
    throw new UnsupportedValueError(root, 'cannot be read', { cause });
  }
}

/** The error of a walk that stopped. */
export function refusalOf(
  { steps = [], problem = 'cannot be read', cause }: Inspection,
  root: string,
): UnsupportedValueError {
  const path = root + steps.reverse().join('');
  return new UnsupportedValueError(path, problem, cause === undefined ? undefined : { cause });
}

/** @throws {UnsupportedValueError} when the walk refuses the value */
export function throwIfRefused(value: unknown, inspection: Inspection, root: string): void {
  if (inspectFrom(value, inspection, root) >= STOP) throw refusalOf(inspection, root);
}

/** Refuses an object for its class. */
export function refuseClass(prototype: object, inspection: Inspection): number {
  const Class: unknown = prototype.constructor;
  const name = typeof Class === 'function' ? Class.name : '';
  if (name === '') return inspection.refuse('is an instance of a class without a name; return plain data');
  return inspection.refuse(
    builtInName(prototype) === undefined
      ? `is an instance of ${name}, a class that Tidemark does not know; return plain data, or registerType(${name}, …)`
      : `is of the built-in class ${name}; return plain data`,
  );
}

/** Refuses an object such as a Map for a property that it has of its own, which decoders would drop. */
export function refuseExtra(key: string | symbol, inspection: Inspection): number {
  inspection.refuse('is a property added to a built-in object');
  return inspection.stopAt(propertyStep(key));
}
