import { errorToJson } from '../base/error';
import { escapeControls } from '../base/show';

/** Whether a command has written to stdout. */
let hasOutput = false;

/** Writes an error to stdout as JSON, unless a command has written something there. */
export function printErrorJson(error: unknown): void {
  if (!hasOutput) print(`${JSON.stringify({ error: errorToJson(error) })}\n`);
}

/**
 * Writes the output of a command to stdout. On a terminal, control characters become visible.
 *
 * @param inColour makes the same text with colours for a terminal, unless it has control characters
 */
export function print(output: string | Uint8Array, inColour?: () => string): void {
  hasOutput = true;
  const { stdout } = process;
  if (!stdout.isTTY) return void stdout.write(output);
  const text = typeof output === 'string' ? output : Buffer.from(output).toString();
  const safe = escapeControls(text);
  stdout.write(inColour && safe === text && !process.env['NO_COLOR'] ? inColour() : safe);
}

/** Writes a message to stderr, with visible control characters. */
export function printMessage(text: string): void {
  process.stderr.write(`${escapeControls(text)}\n`);
}

/** Ends the process when its output cannot be written: with an error, unless the reader has closed the pipe. */
export function exitOnWriteError(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `tidemark ls | head -1`
    if (error.code === 'EPIPE') process.exit(0);
    printMessage(`cannot write the output: ${error.message}`);
    process.exit(1);
  });
  // The terminal is closed, or the disk of the log is full. Tasks that run still finish and are saved.
  process.stderr.on('error', () => {});
}
