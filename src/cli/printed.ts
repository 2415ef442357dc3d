import { StringDecoder } from 'node:string_decoder';
import type { Notices } from './notices';

type Chunk = string | Uint8Array;
type Done = (error?: Error | null) => void;

/**
 * What the user's code prints goes to stderr, since stdout is for what a command gives. Gives what ends that.
 *
 * @param notices when there is a progress that would draw over it: then it stays above that, line by line
 */
export function divertPrinted(notices?: Notices): () => void {
  if (notices?.isDrawnOver) {
    const ends = [divertLines(process.stdout, notices), divertLines(process.stderr, notices)];
    return () => {
      for (const end of ends) end();
    };
  }
  return divert(process.stdout, (chunk) => void process.stderr.write(chunk));
}

function divertLines(from: NodeJS.WriteStream, notices: Notices): () => void {
  const decoder = new StringDecoder();
  let begun = '';
  const end = divert(from, (chunk) => {
    begun += typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
    const last = begun.lastIndexOf('\n');
    if (last < 0) return;
    notices.pass(begun.slice(0, last));
    begun = begun.slice(last + 1);
  });
  return () => {
    end();
    if (begun !== '') notices.pass(begun);
  };
}

function divert(from: NodeJS.WriteStream, write: (chunk: Chunk) => void): () => void {
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
