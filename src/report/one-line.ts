import { escapeControls } from '../base/escape-controls';

// What moves a cursor, or ends a line, must not come from a note, a param or the message of an error.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text on one line, that any terminal and any file of text can hold. */
export function oneLine(text: string): string {
  return escapeControls(text.toWellFormed().replaceAll(controls, ' '));
}
