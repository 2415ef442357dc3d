import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { stringProperty } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';
import type { Bytes } from '../../encoding/encoder';
import type { FromWorker, ToWorker } from '../remote/messages';
import { Channel, ForeignBytesError } from './channel';
import { workerEntry } from './entry-file';
import type { WorkerExit, WorkerHandle, WorkerListener } from './worker-handle';

export interface ProcessOptions {
  /** The files that declare the tasks. */
  readonly modules: readonly string[];
  /** What starts the process, with its arguments: `['nice', '-n', '10']`. */
  readonly command?: readonly string[] | undefined;
  readonly execArgv?: readonly string[] | undefined;
}

/** How much of what a task prints is kept, in characters. */
const outputLimit = 64 * 1024;
/** How long the streams of a process that has ended may take to end, in milliseconds: what it started may hold them open. */
const streamsTimeout = 200;
/** How long a process that has nothing to do may take to end, in milliseconds. */
const endTimeout = 1_000;
const wroteToChannel =
  "something in it wrote to file descriptor 3, which is Tidemark's: let it open a file of its own (its process was ended)";
/** Each process leads a group of its own, so that what it started ends with it. */
const hasGroups = process.platform !== 'win32';

/** Starts a child process. Messages go through a socket; a second one tells it, by closing, that this process is gone. */
export function startProcess(
  { modules, command = [], execArgv = ownArguments() }: ProcessOptions,
  listener: WorkerListener,
): WorkerHandle {
  const entry = workerEntry('process', modules);
  const program = 'code' in entry ? ['-e', entry.code] : [entry.file];
  const [file, ...args] = [...command, process.execPath, ...execArgv, ...program];
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'], detached: hasGroups });
  const gone = exitOf(child);
  if (child.stdio === undefined)
    throw new TidemarkError('no process can be started: too many files are open; raise the limit (ulimit -n)');
  const [, stdout, stderr, messages, lifeline] = child.stdio as unknown as [null, Socket, Socket, Socket, Socket];
  for (const socket of [messages, lifeline]) socket.on('error', () => undefined);
  const output = new OutputBuffer(stdout, stderr);
  let foreign: ForeignBytesError | undefined;
  const refuse = (error: ForeignBytesError) => {
    foreign = error;
    kill(child);
  };
  const take = (message: FromWorker, bytes: readonly Bytes[]): void => {
    if (stringProperty(message, 'type') === undefined) throw new ForeignBytesError('it is a message of something else');
    const isReply = message.type === 'done' || message.type === 'failed';
    // What it printed before comes through other pipes, at the latest in the next round.
    if (isReply) afterTwoTurns(() => listener.message(message, bytes));
    else listener.message(message, bytes);
  };
  const channel = new Channel<FromWorker, ToWorker>(messages, take, refuse);
  void gone.then((ending) =>
    afterTwoTurns(() => {
      // Should the command have left it running, it learns so that nobody waits for it.
      for (const socket of [messages, lifeline]) socket.destroy();
      listener.exited(foreign ? { how: wroteToChannel, cause: foreign } : output.explain(ending));
    }),
  );
  const setRef = (isReferenced: boolean): void => {
    for (const handle of [child, stdout, stderr, messages]) isReferenced ? handle.ref() : handle.unref();
  };
  lifeline.resume().unref();
  setRef(false);
  return {
    pid: child.pid,
    send: (message, bytes) => channel.send(message, bytes),
    drainOutput: () => output.drain(),
    kill: () => kill(child),
    end: async () => {
      setRef(true);
      messages.end();
      const timer = setTimeout(() => kill(child), endTimeout);
      await gone;
      clearTimeout(timer);
    },
    setRef,
  };
}

/** The arguments of Node that this process was started with, without those that are for it alone. */
function ownArguments(): readonly string[] {
  const forItAlone = /^(?:-[ep]+|--eval|--print|--inspect.*|--watch.*|--test.*|--input-type.*)$/;
  const takesCode = /^(?:-[ep]+|--eval|--print|--input-type)$/;
  return process.execArgv.filter((argument, i, all) => !forItAlone.test(argument) && !takesCode.test(all[i - 1] ?? ''));
}

function kill(child: ChildProcess): void {
  try {
    if (hasGroups && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It is gone already.
  }
}

function exitOf(child: ChildProcess): Promise<WorkerExit> {
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve({ how: `it cannot be started (${cause.message})`, cause }));
    child.once('exit', (code, signal) => {
      // What it started.
      kill(child);
      const ending = { how: signal === null ? `exit code ${code}` : `killed by ${signal}` };
      const timer = setTimeout(() => resolve(ending), streamsTimeout);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(ending);
      });
    });
  });
}

function afterTwoTurns(act: () => void): void {
  setImmediate(() => setImmediate(act));
}

/** What a process prints: handed on to where this process prints, and the end of it kept. */
class OutputBuffer {
  #kept = '';

  constructor(stdout: Socket, stderr: Socket) {
    for (const [from, to] of [
      [stdout, process.stdout],
      [stderr, process.stderr],
    ] as const) {
      const decoder = new StringDecoder();
      from.on('data', (chunk: Buffer) => {
        to.write(chunk);
        this.#kept = (this.#kept + decoder.write(chunk)).slice(-outputLimit);
      });
      from.on('error', () => undefined);
    }
  }

  drain(): string {
    const output = this.#kept;
    this.#kept = '';
    return output;
  }

  /** Node says on stderr only that it ran out of memory. */
  explain(ending: WorkerExit): WorkerExit {
    return this.#kept.includes('JavaScript heap out of memory')
      ? { ...ending, how: `out of memory (${ending.how})` }
      : ending;
  }
}
