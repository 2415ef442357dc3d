import { inspect } from 'node:util';
import { escapeControls } from '../base/show';

// Notes, params and error messages must not move the cursor or end the line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches these characters
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Makes text safe to write on one line of a terminal or a text file. */
export function toOneLine(text: string): string {
  return escapeControls(text.toWellFormed().replaceAll(controls, ' '));
}

const maxLength = 2_000;

/** Shows the value of a param on one line. */
export function valueText(value: unknown): string {
  const shown = { depth: 3, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20, maxStringLength: maxLength };
  const text = toOneLine(inspect(value, shown));
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** `seed: 3` */
export function paramText(name: string, value: string): string {
  return `${name}: ${value.length > maxShownLength ? `${value.slice(0, maxShownLength - 1)}…` : value}`;
}

const maxShownLength = 32;
