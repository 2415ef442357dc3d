import { TidemarkError } from './error';
import { nearestName, showValue } from './show';

/** The allowed values of an option: a test, and a description for messages. */
export interface Allowed {
  readonly includes: (value: any) => boolean;
  readonly text: string;
}

export const isBoolean: Allowed = { includes: (value) => typeof value === 'boolean', text: 'true or false' };
/** For options that are checked where they are used, with their own message. */
export const anything: Allowed = { includes: () => true, text: '' };

/** One of some words. */
export function oneOf(...words: readonly string[]): Allowed {
  const shown = words.map((word) => `'${word}'`);
  return { includes: (value) => words.includes(value), text: `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}` };
}

/** The longest time that a timer supports, in milliseconds: a longer one would fire at once. */
export const longestTime = 2 ** 31 - 1;

/** A number with a minimum. Numeric strings are not allowed. */
export function numberFrom(least: number, unit = ''): Allowed {
  return {
    includes: (value) => typeof value === 'number' && value >= least,
    text: `a number${unit && ` of ${unit}`} >= ${least}`,
  };
}

/** A time that a timer supports, in milliseconds. @param forEver allows `Infinity` */
export function milliseconds(least: number, { forEver = false } = {}): Allowed {
  return {
    includes: (value) =>
      typeof value === 'number' && value >= least && (value <= longestTime || (forEver && value === Infinity)),
    text: `a number of milliseconds from ${least} to ${longestTime}${forEver ? ', or Infinity' : ''}`,
  };
}

/** @throws {TidemarkError} for an unknown option, with the closest known name, and for a value that is not allowed */
export function checkOptions(options: object, known: Readonly<Record<string, Allowed>>, owner: string): void {
  for (const [name, value] of Object.entries(options)) {
    const allowed = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!allowed) {
      const names = Object.keys(known);
      const meant = nearestName(name, names);
      throw new TidemarkError(
        `${owner} has no option ${name}${meant ? `; did you mean ${meant}?` : `; it has ${names.join(', ')}`}`,
      );
    }
    if (value !== undefined && !allowed.includes(value))
      throw new TidemarkError(`the option ${name} is ${showValue(value)}; it must be ${allowed.text}`);
  }
}
