import { errorToJson } from '../base/error';
import { escapeControls } from '../base/show';

/** Whether a command has given anything. */
let hasOutput = false;

/** Writes an error to stdout as JSON, unless a command has given something else there. */
export function printErrorJson(error: unknown): void {
  if (!hasOutput) print(`${JSON.stringify({ error: errorToJson(error) })}\n`);
}

/**
 * Writes what a command gives to stdout: as it is for programs, with visible control characters on a terminal.
 *
 * @param inColour the same text with colours, for a terminal; used when there is nothing to make visible
 */
export function print(output: string | Uint8Array, inColour?: () => string): void {
  hasOutput = true;
  const { stdout } = process;
  if (!stdout.isTTY) return void stdout.write(output);
  const text = typeof output === 'string' ? output : Buffer.from(output).toString();
  const safe = escapeControls(text);
  stdout.write(inColour && safe === text && !process.env['NO_COLOR'] ? inColour() : safe);
}

/** Writes a line to stderr, or several, with visible control characters. */
export function printMessage(text: string): void {
  process.stderr.write(`${escapeControls(text)}\n`);
}

/** Ends the process when its output cannot be written, and says why, unless the reader has seen enough of it. */
export function exitOnWriteError(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `tidemark ls | head -1`
    if (error.code === 'EPIPE') process.exit(0);
    printMessage(`the output cannot be written: ${error.message}`);
    process.exit(1);
  });
  // The terminal is gone, or its disk is full: nobody can be told, and what runs is worth finishing.
  process.stderr.on('error', () => {});
}
