/**
 * Characters that move the cursor, change the direction of text or are invisible: C0 (except tabs and line ends), C1,
 * direction marks and overrides, invisible separators, and lone surrogates.
 */
const controls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matched on purpose
  /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Surrogate}]|\r(?!\n)/gu;

/** Escapes control characters as JSON does (`\u001b`), so that any terminal can show the text. Keeps line ends and tabs. */
export function escapeControls(text: string): string {
  return text.replace(controls, escaped);
}

/** Escapes control characters, line ends and tabs, so that the text takes one line. */
export function escapeLine(text: string): string {
  return escapeControls(text).replace(/[\t\n\r]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
