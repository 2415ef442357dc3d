/**
 * Characters that move a cursor, change the direction of text or are invisible: C0 (but for tabs and line ends), C1,
 * marks and overrides of direction, invisible separators, and halves of characters.
 */
const controls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Surrogate}]|\r(?!\n)/gu;

/** Text that any terminal can show: control characters are visible, as in JSON (`\u001b`). Line ends and tabs stay. */
export function escapeControls(text: string): string {
  return text.replace(controls, escaped);
}

/** The same on one line. */
export function escapeLine(text: string): string {
  return escapeControls(text).replace(/[\t\n\r]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
