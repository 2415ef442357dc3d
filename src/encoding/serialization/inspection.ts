import { builtInName } from '../../base/built-in-classes';
import { UnsupportedValueError } from '../errors';
import { propertyStep } from '../properties';
import type { RegisteredType } from '../register-type';

/** Flags of a value: what it demands of an encoding, united over everything in it. An inspection ends at `STOP`. */
export const OK = 0;
/** A -0, which cbor-x keeps only when it writes every number as a float. */
export const FLOATS = 1;
export const NOT_CBOR = 2;
export const NOT_V8 = 4;
/** Typed arrays so large that they are stored apart from the rest. */
export const SEGMENTS = 8;
/** Instances of registered classes. */
export const TYPED = 16;
export const STOP = 32;

/** cbor-x numbers the objects that occur twice with 16 bits, and overflows silently. */
const maxShared = 65_536;
/** cbor-x overflows the stack near 640 levels of nested Sets when it decodes: a third leaves room for the caller. */
const maxCborDepth = 200;
/** V8's decoder fails near 1,950 levels, an inspection earlier. */
const maxV8Depth = 500;
/** A quick inspection, which remembers no objects, gives up here: the value may have a cycle. */
const quickLimits = { depth: 64, objects: 2_000 } as const;

/** Instances of registered classes, and the data that each is encoded as. */
export type TypedValues = Map<object, { readonly type: RegisteredType; readonly data: unknown }>;

/** Gives the flags of a value inside another one. */
type InspectPart = (value: unknown, inspection: Inspection, depth: number) => number;

interface InspectionOptions {
  /** Finds no objects that occur twice, which makes it several times faster for small values. @default false */
  readonly isQuick?: boolean;
  /** Receives the instances of registered classes. Inspections of one value share it, so that each is encoded once. */
  readonly typed: TypedValues;
  /** `NOT_CBOR` refuses what V8 cannot encode either, to find its path. @default OK */
  readonly excluded?: number;
}

/** Objects that a full inspection has visited. */
interface VisitedObjects {
  readonly seen: Set<object>;
  /** Objects that were visited twice. */
  readonly shared: Set<object>;
  /** Maps, Sets and other objects around the current one to which no cycle may lead back. */
  readonly open: Map<object, { readonly flags: number; readonly name: string }>;
}

/** The state of one inspection of a value: the objects visited, and why it stopped. */
export class Inspection {
  readonly typed: TypedValues;
  readonly #inspectPart: InspectPart;
  readonly #excluded: number;
  readonly #visited: VisitedObjects | undefined;
  #objectCount = 0;
  /** Why the value is refused. */
  #problem: string | undefined;
  /** The error that made the value refused, if one was thrown. */
  #cause: unknown;
  /** The path from the refused value up to the root, innermost step first; written on the way back up. */
  readonly #steps: string[] = [];

  constructor(inspectPart: InspectPart, { isQuick = false, typed, excluded = OK }: InspectionOptions) {
    this.#inspectPart = inspectPart;
    this.typed = typed;
    this.#excluded = excluded;
    this.#visited = isQuick ? undefined : { seen: new Set(), shared: new Set(), open: new Map() };
  }

  /**
   * The flags of a whole value.
   *
   * @param root name of the value in the path of an error
   */
  run(value: unknown, root: string): number {
    try {
      return this.#inspectPart(value, this, 0);
    } catch (cause) {
      // A getter or the trap of a Proxy threw, or the caller had used up the stack.
      throw new UnsupportedValueError(root, 'cannot be read', { cause });
    }
  }

  /** The flags of a value inside. */
  inspect(value: unknown, depth: number): number {
    return this.#inspectPart(value, this, depth);
  }

  /** Whether a quick inspection gave up: only a full one decides. */
  get isUndecided(): boolean {
    return this.#problem === undefined;
  }

  /** The error for a value whose inspection stopped. */
  refusal(root: string): UnsupportedValueError {
    const path = root + this.#steps.toReversed().join('');
    const options = this.#cause === undefined ? undefined : { cause: this.#cause };
    return new UnsupportedValueError(path, this.#problem ?? 'cannot be read', options);
  }

  /** Visits an object. Gives undefined when its contents are still to be inspected. */
  visit(object: object, depth: number): number | undefined {
    const visited = this.#visited;
    if (visited === undefined) {
      this.#objectCount += 1;
      return depth > quickLimits.depth || this.#objectCount > quickLimits.objects ? STOP : undefined;
    }
    if (visited.seen.has(object)) return this.#revisit(object, visited);
    visited.seen.add(object);
    return undefined;
  }

  #revisit(object: object, { open, shared }: VisitedObjects): number {
    const opened = open.get(object);
    if (opened !== undefined) return this.needs(opened.flags, `leads back to the ${opened.name} that contains it`);
    shared.add(object);
    return shared.size > maxShared ? NOT_CBOR : OK;
  }

  /** The flags of a depth. */
  depthFlags(depth: number): number {
    if (depth <= maxCborDepth) return OK;
    return depth > maxV8Depth ? this.refuse(`is nested more than ${maxV8Depth} levels deep`) : NOT_CBOR;
  }

  /** Enters an object that decoders create after its contents: a cycle through it has these flags. */
  enter(object: object, flags: number, name: string): void {
    this.#visited?.open.set(object, { flags, name });
  }

  /** Leaves such an object again. */
  exit(object: object): void {
    this.#visited?.open.delete(object);
  }

  /** The flags, or a refusal when they exclude the last encoding. */
  needs(flags: number, problem: string): number {
    const excluded = flags | this.#excluded;
    return (excluded & NOT_CBOR) !== 0 && (excluded & NOT_V8) !== 0 && (flags & NOT_V8) !== 0
      ? this.refuse(problem)
      : flags;
  }

  /** Stops the inspection: the first problem counts. */
  refuse(problem: string, cause?: unknown): number {
    if (this.#problem === undefined) {
      this.#problem = problem;
      this.#cause = cause;
    }
    return STOP;
  }

  /** Refuses an object for its class. */
  refuseClass(prototype: object): number {
    const Class: unknown = prototype.constructor;
    const name = typeof Class === 'function' ? Class.name : '';
    if (name === '') return this.refuse('is an instance of a class without a name; return plain data');
    return this.refuse(
      builtInName(prototype) === undefined
        ? `is an instance of ${name}, a class that Tidemark does not know; return plain data, or registerType(${name}, …)`
        : `is of the built-in class ${name}; return plain data`,
    );
  }

  /** Refuses an object such as a Map for a property of its own, which decoders would drop. */
  refuseExtra(key: string | symbol): number {
    this.refuse('is a property added to a built-in object');
    return this.stopAt(propertyStep(key));
  }

  /** Adds a step to the path of a refused value. */
  stopAt(step: string): number {
    this.#steps.push(step);
    return STOP;
  }
}
