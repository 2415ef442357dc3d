import { StringDecoder } from 'node:string_decoder';
import { escapeControls } from '../base/show';
import type { ProgressOptions } from '../report/progress/show-progress';

type Stream = NonNullable<ProgressOptions['stream']>;

/** Output on stderr during a run, above the lines of a live progress display. */
export class RunOutput {
  /** Whether there is a live progress display. */
  readonly hasLiveProgress: boolean;
  readonly #screen: NodeJS.WriteStream;
  /** The original `write` of the screen, which redirecting does not affect. */
  readonly #write: (text: string) => boolean;
  #pending = '';

  constructor(screen: NodeJS.WriteStream, { isDrawnOver }: { readonly isDrawnOver: boolean }) {
    this.hasLiveProgress = isDrawnOver;
    this.#screen = screen;
    this.#write = screen.write.bind(screen);
  }

  /** Writes a message, with visible control characters. */
  printMessage(text: string): void {
    this.printRaw(escapeControls(text));
  }

  /** Writes output of user code unchanged. */
  printRaw(text: string): void {
    if (this.hasLiveProgress) this.#pending += `${text.replaceAll('\n', '\u001b[K\n')}\u001b[K\n`;
    else this.#write(`${text}\n`);
  }

  /** The stream for the progress display. */
  get progressStream(): Stream {
    const screen = this.#screen;
    return {
      write: (frame: string) => this.#write(this.#insertPending(frame)),
      isTTY: screen.isTTY,
      // Some terminals report 0 for an unknown size.
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

  /** Writes pending output after the last frame of the progress display. */
  flush(): void {
    if (this.#pending !== '') this.#write(this.#pending);
    this.#pending = '';
  }

  /** Writes a message at once, before the process ends. */
  printNow(text: string): void {
    this.flush();
    this.#write(`${escapeControls(text)}\n`);
  }

  /** Inserts pending output into a frame, after the escape sequence that moves the cursor to its first line. */
  #insertPending(frame: string): string {
    const waiting = this.#pending;
    this.#pending = '';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches these characters
    return waiting === '' ? frame : frame.replace(/^(?:\u001b\[\d+A\r)?/, (back) => back + waiting);
  }
}

/** Whether a screen can show a live progress display. */
export function supportsLiveProgress(
  screen: NodeJS.WriteStream,
  { CI, TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
  return screen.isTTY === true && TERM !== 'dumb' && (!CI || CI === '0' || CI === 'false');
}

type Chunk = string | Uint8Array;
type Done = (error?: Error | null) => void;

/**
 * Redirects output of user code from stdout to stderr, since stdout is for the result. Returns a function that ends this.
 *
 * @param output of a run: with a live progress display, redirected lines go above it
 */
export function redirectPrinted(output?: RunOutput): () => void {
  if (output?.hasLiveProgress) {
    const ends = [redirectLines(process.stdout, output), redirectLines(process.stderr, output)];
    return () => {
      for (const end of ends) end();
    };
  }
  return redirect(process.stdout, (chunk) => void process.stderr.write(chunk));
}

function redirectLines(from: NodeJS.WriteStream, output: RunOutput): () => void {
  const decoder = new StringDecoder();
  let begun = '';
  const end = redirect(from, (chunk) => {
    begun += typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
    const last = begun.lastIndexOf('\n');
    if (last < 0) return;
    output.printRaw(begun.slice(0, last));
    begun = begun.slice(last + 1);
  });
  return () => {
    end();
    if (begun !== '') output.printRaw(begun);
  };
}

function redirect(from: NodeJS.WriteStream, write: (chunk: Chunk) => void): () => void {
  const original = Object.getOwnPropertyDescriptor(from, 'write');
  // Never reports back pressure, since `drain` would never come.
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
