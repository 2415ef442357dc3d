import type { Bytes } from '../../encoding/encoder';
import type { FromWorker, ToWorker } from '../remote/messages';

/** A thread or a process that runs one job at a time. */
export interface WorkerHandle {
  /** Of a process. */
  readonly pid?: number | undefined;
  /** @param bytes what the message refers to by number */
  send(message: ToWorker, bytes: readonly Bytes[]): void;
  /** What it printed since the last call, as far as that is known. */
  drainOutput(): string;
  /** Ends it at once. */
  kill(): void;
  /** Ends it when it does nothing; resolves when it is gone. */
  end(): Promise<void>;
  /** Whether it keeps this process alive. */
  setRef(isReferenced: boolean): void;
}

/** How a worker ended. */
export interface WorkerExit {
  /** What the system or Node said about it, in words: `exit code 3`. */
  readonly how: string;
  readonly cause?: unknown;
}

/** Told by a worker. */
export interface WorkerListener {
  message(message: FromWorker, bytes: readonly Bytes[]): void;
  /** Called once. */
  exited(ending: WorkerExit): void;
}

export type StartWorker = (listener: WorkerListener) => WorkerHandle;
