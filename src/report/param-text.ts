import { inspect } from 'node:util';
import { oneLine } from './one-line';

const longest = 2_000;

/** A param's value on one line. */
export function valueText(value: unknown): string {
  const shown = { depth: 3, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20, maxStringLength: longest };
  const text = oneLine(inspect(value, shown));
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** `seed: 3` */
export function paramText(name: string, value: string): string {
  return `${name}: ${value.length > longestShown ? `${value.slice(0, longestShown - 1)}…` : value}`;
}

const longestShown = 32;
