import { inspect } from 'node:util';

/**
 * Characters that move the cursor, change the direction of text or are invisible: C0 (except tabs and line ends), C1,
 * direction marks and overrides, invisible separators, and lone surrogates.
 */
const controls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matched on purpose
  /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\p{Surrogate}]|\r(?!\n)/gu;

/** Escapes control characters as JSON does (`\u001b`), so that any terminal can show the text. Keeps line ends and tabs. */
export function escapeControls(text: string): string {
  return text.replace(controls, escapeCharacter);
}

/** Escapes control characters, line ends and tabs, so that the text takes one line. */
export function escapeLine(text: string): string {
  return escapeControls(text).replace(/[\t\n\r]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A value on one short line, for messages. */
export function showValue(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 5,
    maxStringLength: 60,
  });
  return escapeLine(text.length > 120 ? `${text.slice(0, 117)}…` : text);
}

/** A task with its params on one short line: `TrainModel({ seed: 3 })`. */
export function showTask(
  name: string,
  params: Readonly<Record<string, unknown>>,
  secret?: ReadonlySet<string>,
): string {
  const shown = Object.entries(params).map(
    ([param, value]) => `${param}: ${secret?.has(param) ? '(secret)' : showValue(value)}`,
  );
  const task = escapeLine(name);
  if (shown.length === 0) return task;
  const text = shown.join(', ');
  return `${task}({ ${text.length > 160 ? `${text.slice(0, 157)}…` : text} })`;
}

/** The known name closest to a mistyped one; undefined if none is close. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  // Loaded on first use: only messages need it.
  const { distance } = require('fastest-levenshtein') as typeof import('fastest-levenshtein');
  let best: string | undefined;
  let least = Math.max(2, name.length / 3) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}
