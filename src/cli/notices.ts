import { escapeControls } from '../base/escape-controls';
import type { ProgressOptions } from '../report/progress';

type Stream = NonNullable<ProgressOptions['stream']>;

/** What people are told on stderr while a run goes on; above the lines of a progress that is drawn over again. */
export class Notices {
  /** Whether a progress is drawn over again below them. */
  readonly isDrawnOver: boolean;
  readonly #screen: NodeJS.WriteStream;
  /** That of the screen, whatever is done about what others write to it. */
  readonly #write: (text: string) => boolean;
  #waiting = '';

  constructor(screen: NodeJS.WriteStream, { isDrawnOver }: { readonly isDrawnOver: boolean }) {
    this.isDrawnOver = isDrawnOver;
    this.#screen = screen;
    this.#write = screen.write.bind(screen);
  }

  /** A line, or several; their control characters are visible. */
  say(text: string): void {
    this.pass(escapeControls(text));
  }

  /** What the user's code prints, as it is. */
  pass(text: string): void {
    if (this.isDrawnOver) this.#waiting += `${text.replaceAll('\n', '\u001b[K\n')}\u001b[K\n`;
    else this.#write(`${text}\n`);
  }

  /** What a progress writes to. */
  get stream(): Stream {
    const screen = this.#screen;
    return {
      write: (frame: string) => this.#write(this.#above(frame)),
      isTTY: screen.isTTY,
      // Some terminals say 0 for what they do not know.
      get columns() {
        return screen.columns || undefined;
      },
      get rows() {
        return screen.rows || undefined;
      },
      get writableLength() {
        return screen.writableLength;
      },
    } as Stream;
  }

  /** Says what still waits: nothing is drawn any more. */
  end(): void {
    if (this.#waiting !== '') this.#write(this.#waiting);
    this.#waiting = '';
  }

  /** The last thing that is said, before the process ends. */
  sayAtOnce(text: string): void {
    this.end();
    this.#write(`${escapeControls(text)}\n`);
  }

  /** A frame starts with the way back to the beginning of the one before. */
  #above(frame: string): string {
    const waiting = this.#waiting;
    this.#waiting = '';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
    return waiting === '' ? frame : frame.replace(/^(?:\u001b\[\d+A\r)?/, (back) => back + waiting);
  }
}

/** Whether progress is drawn over again on this screen. */
export function isDrawnOn(screen: NodeJS.WriteStream, { CI, TERM }: NodeJS.ProcessEnv = process.env): boolean {
  return screen.isTTY === true && TERM !== 'dumb' && (!CI || CI === '0' || CI === 'false');
}
