import type { RegisteredType } from './register-type';
import { UnsupportedValueError } from './unsupported-value-error';

/**
 * What a value asks of an encoding: flags, added up over everything that it contains. From `STOP` on there is
 * no use in looking further.
 */
export const FINE = 0;
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
const MAX_SHARED = 65_536;
/** Decoding nested Sets with cbor-x overflows the stack near 640 levels: a third leaves room for the caller. */
const MAX_CBOR_DEPTH = 200;
/** V8's decoder gives up near 1,950 levels, this walk earlier. */
const MAX_V8_DEPTH = 500;
/** A hurried walk, which remembers nothing, gives up here: there may be a cycle. */
const HURRIED = { depth: 64, containers: 2_000 } as const;

/** Instances of registered classes, and what they are encoded as. */
export type TypedValues = Map<object, { readonly type: RegisteredType; readonly data: unknown }>;

/** What a walk remembers that is not hurried. */
interface Careful {
  readonly seen: Set<object>;
  /** What has been seen twice. */
  readonly shared: Set<object>;
  /** The Maps, Sets and so on that the walk is inside of: those that a cycle may not lead back to. */
  readonly open: Map<object, { readonly flags: number; readonly name: string }>;
}

/** The state of one walk through a value: what has been seen, and why it stopped. */
export class Walk {
  /** Why the value is refused. */
  problem: string | undefined;
  /** What was thrown, when that is why. */
  cause: unknown;
  /** The way from the refused value up to the root, innermost step first; written while unwinding. */
  steps: string[] | undefined;
  private containers = 0;
  private readonly careful: Careful | undefined;

  /**
   * @param lookAt - What goes into the contents of each object.
   * @param hurried - Without looking out for what occurs twice: several times faster for small values.
   * @param typed - Filled with the instances of registered classes; several walks share it, so that each is encoded once.
   * @param without - `NOT_CBOR` refuses what V8 cannot carry either, to find out where it is.
   */
  constructor(
    private readonly lookAt: (value: unknown, walk: Walk, depth: number) => number,
    hurried: boolean,
    readonly typed: TypedValues,
    private readonly without: number = FINE,
  ) {
    this.careful = hurried ? undefined : { seen: new Set(), shared: new Set(), open: new Map() };
  }

  /** What a value inside asks for. */
  look(value: unknown, depth: number): number {
    return this.lookAt(value, this, depth);
  }

  /** Whether a hurried walk gave up; another kind of walk will tell. */
  get undecided(): boolean {
    return this.problem === undefined;
  }

  /** Notes an object when the walk meets it. Undefined means that its contents are still to be looked at. */
  meet(object: object, depth: number): number | undefined {
    const { careful } = this;
    if (careful === undefined) {
      this.containers += 1;
      return depth > HURRIED.depth || this.containers > HURRIED.containers ? STOP : undefined;
    }
    if (careful.seen.has(object)) return this.meetAgain(object, careful);
    careful.seen.add(object);
    return undefined;
  }

  /** What being this deep asks for. */
  depthFlags(depth: number): number {
    if (depth <= MAX_CBOR_DEPTH) return FINE;
    return depth > MAX_V8_DEPTH ? this.refuse(`is nested more than ${MAX_V8_DEPTH} levels deep`) : NOT_CBOR;
  }

  /** Enters an object that decoders make only after its contents: a cycle through it asks for these flags. */
  enter(object: object, flags: number, name: string): void {
    this.careful?.open.set(object, { flags, name });
  }

  /** Leaves such an object again. */
  exit(object: object): void {
    this.careful?.open.delete(object);
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

  private meetAgain(object: object, { open, shared }: Careful): number {
    const opened = open.get(object);
    if (opened !== undefined) return this.needs(opened.flags, `leads back to the ${opened.name} that it is in`);
    shared.add(object);
    return shared.size > MAX_SHARED ? NOT_CBOR : FINE;
  }
}

/** What a whole value asks for. */
export function walkFrom(value: unknown, walk: Walk, root: string): number {
  try {
    return walk.look(value, 0);
  } catch (cause) {
    // A getter or the trap of a Proxy threw, or the caller had used up the stack.
    throw new UnsupportedValueError(root, 'cannot be read', { cause });
  }
}

/** The error of a walk that stopped. */
export function refusalBy(
  { steps = [], problem = 'cannot be read', cause }: Walk,
  root: string,
): UnsupportedValueError {
  const path = root + steps.reverse().join('');
  return new UnsupportedValueError(path, problem, cause === undefined ? undefined : { cause });
}

/** @throws {UnsupportedValueError} when the walk refuses the value */
export function throwIfRefused(value: unknown, walk: Walk, root: string): void {
  if (walkFrom(value, walk, root) >= STOP) throw refusalBy(walk, root);
}
