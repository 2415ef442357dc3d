import { StringDecoder } from 'node:string_decoder';
import { escapeControls } from '../base/show';
import type { ProgressOptions } from '../report/progress/show-progress';

type Stream = NonNullable<ProgressOptions['stream']>;

/** What people are told on stderr while a run goes on; above the lines of a progress that is drawn over again. */
export class RunOutput {
  /** Whether a progress is drawn over again below them. */
  readonly hasLiveProgress: boolean;
  readonly #screen: NodeJS.WriteStream;
  /** That of the screen, whatever is done about what others write to it. */
  readonly #write: (text: string) => boolean;
  #pending = '';

  constructor(screen: NodeJS.WriteStream, { isDrawnOver }: { readonly isDrawnOver: boolean }) {
    this.hasLiveProgress = isDrawnOver;
    this.#screen = screen;
    this.#write = screen.write.bind(screen);
  }

  /** A line, or several; their control characters are visible. */
  printMessage(text: string): void {
    this.printRaw(escapeControls(text));
  }

  /** What the user's code prints, as it is. */
  printRaw(text: string): void {
    if (this.hasLiveProgress) this.#pending += `${text.replaceAll('\n', '\u001b[K\n')}\u001b[K\n`;
    else this.#write(`${text}\n`);
  }

  /** What a progress writes to. */
  get progressStream(): Stream {
    const screen = this.#screen;
    return {
      write: (frame: string) => this.#write(this.#insertPending(frame)),
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
  flush(): void {
    if (this.#pending !== '') this.#write(this.#pending);
    this.#pending = '';
  }

  /** The last thing that is said, before the process ends. */
  printNow(text: string): void {
    this.flush();
    this.#write(`${escapeControls(text)}\n`);
  }

  /** A frame starts with the way back to the beginning of the one before. */
  #insertPending(frame: string): string {
    const waiting = this.#pending;
    this.#pending = '';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
    return waiting === '' ? frame : frame.replace(/^(?:\u001b\[\d+A\r)?/, (back) => back + waiting);
  }
}

/** Whether progress is drawn over again on this screen. */
export function supportsLiveProgress(
  screen: NodeJS.WriteStream,
  { CI, TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
  return screen.isTTY === true && TERM !== 'dumb' && (!CI || CI === '0' || CI === 'false');
}

type Chunk = string | Uint8Array;
type Done = (error?: Error | null) => void;

/**
 * What the user's code prints goes to stderr, since stdout is for what a command gives. Gives what ends that.
 *
 * @param notices when there is a progress that would draw over it: then it stays above that, line by line
 */
export function redirectPrinted(notices?: RunOutput): () => void {
  if (notices?.hasLiveProgress) {
    const ends = [redirectLines(process.stdout, notices), redirectLines(process.stderr, notices)];
    return () => {
      for (const end of ends) end();
    };
  }
  return redirect(process.stdout, (chunk) => void process.stderr.write(chunk));
}

function redirectLines(from: NodeJS.WriteStream, notices: RunOutput): () => void {
  const decoder = new StringDecoder();
  let begun = '';
  const end = redirect(from, (chunk) => {
    begun += typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
    const last = begun.lastIndexOf('\n');
    if (last < 0) return;
    notices.printRaw(begun.slice(0, last));
    begun = begun.slice(last + 1);
  });
  return () => {
    end();
    if (begun !== '') notices.printRaw(begun);
  };
}

function redirect(from: NodeJS.WriteStream, write: (chunk: Chunk) => void): () => void {
  const original = Object.getOwnPropertyDescriptor(from, 'write');
  // Never says that it is full: those who would wait for `drain` would wait for ever.
  from.write = (chunk: Chunk, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    write(typeof chunk === 'string' && typeof encoding === 'string' ? Buffer.from(chunk, encoding) : chunk);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  return () => {
    if (original) Object.defineProperty(from, 'write', original);
    else Reflect.deleteProperty(from, 'write');
  };
}
