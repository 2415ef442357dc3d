/** True if two types are identical, including `any` and optional properties. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles when the type argument is `true`. */
export function holds<_T extends true>(): void {}
