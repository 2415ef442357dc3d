/** What a test runner gives: the globals of Jest or Vitest, or what `node:test` or `vitest` export. */
export interface TestFunctions {
  describe(name: string, define: () => void): unknown;
  readonly it: {
    (name: string, check: () => Promise<void>, milliseconds: number): unknown;
    skip(name: string, check: () => void): unknown;
  };
  /** As Jest and Vitest call it. */
  readonly afterAll?: (finish: () => unknown) => unknown;
  /** As `node:test` calls it. */
  readonly after?: (finish: () => unknown) => unknown;
}

export interface SuiteOptions<Behaviour extends string> {
  /** @default the globals of the test runner, otherwise `node:test` */
  readonly test?: TestFunctions;
  /** What need not hold, and why that is right. */
  readonly skip?: { readonly [behaviour in Behaviour]?: string };
}

/** A test may take as many milliseconds, since some write 64 MiB or wait for a lease to expire. */
const longest = 60_000;

/** Declares a test for each behaviour, in a group of the name. @param close runs after the last of them */
export function describeBehaviours<Behaviour extends string>(
  name: string,
  behaviours: Readonly<Record<Behaviour, unknown>>,
  check: (behaviour: Behaviour) => Promise<void>,
  { test = ambientTestFunctions(), skip = {}, close }: SuiteOptions<Behaviour> & { readonly close?: () => unknown },
): void {
  const { describe, it, afterAll = test.after } = test;
  describe(name, () => {
    if (close) afterAll?.(close);
    for (const behaviour of Object.keys(behaviours) as Behaviour[]) {
      const reason: string | undefined = skip[behaviour];
      if (reason === undefined) it(behaviour, () => check(behaviour), longest);
      else it.skip(`${behaviour}: not here, since ${reason}`, () => undefined);
    }
  });
}

function ambientTestFunctions(): TestFunctions {
  const globals = globalThis as Partial<TestFunctions>;
  if (globals.describe && globals.it) return globals as TestFunctions;
  return require('node:test') as TestFunctions;
}
