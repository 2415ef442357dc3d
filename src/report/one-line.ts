import { inspect } from 'node:util';
import { escapeControls } from '../base/show';

// What moves a cursor, or ends a line, must not come from a note, a param or the message of an error.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text on one line, that any terminal and any file of text can hold. */
export function toOneLine(text: string): string {
  return escapeControls(text.toWellFormed().replaceAll(controls, ' '));
}

const maxLength = 2_000;

/** A param's value on one line. */
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
