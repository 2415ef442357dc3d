/** A value on its way: as it is when every way of sending keeps it, or as bytes, which travel beside the message. */
export type SentValue = { readonly plain: unknown } | SentBytes;

/** Where among the bytes beside a message a value is, and how they were made. */
export interface SentBytes {
  readonly serializer: string;
  readonly format: string;
  readonly at: number;
}

/** A result that a task requires. */
export interface SentInput extends SentBytes {
  /** The task whose encoder was used; undefined for the usual one. */
  readonly encodedBy: string | undefined;
  readonly isFrozen: boolean;
}

/** The value of a requirement: an input, or a structure that contains inputs. */
export type SentRequirement = { readonly piece: number } | { readonly structure: SentValue };

/** Something thrown: an error among those listed, or any other value. */
export type SentThrown =
  | { readonly error: number }
  | { readonly value: SentValue }
  | { readonly list: readonly SentThrown[] };

/** Where to find an error's class on the other side. */
export type SentClass =
  | { readonly from: 'language'; readonly name: string }
  /** The name that a module exports it by; empty when the module is the class. */
  | { readonly from: 'file'; readonly file: string; readonly name: string };

/** One error, as data. */
export interface SentErrorFields {
  /** Its class and base classes, those that the other side can find. */
  readonly classes: readonly SentClass[];
  /** The error by its registered type, when it has one. */
  readonly typed: SentValue | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: readonly (readonly [name: string, isEnumerable: boolean, value: SentThrown])[];
}

/** A thrown value and all errors in it, each once. */
export interface SentFailure {
  readonly thrown: SentThrown;
  readonly errors: readonly SentErrorFields[];
}

/** Configuration of a worker; the first message to it. */
export interface StartMessage {
  readonly type: 'start';
  /** Which function made the pool, for messages: `threads`. */
  readonly pool: string;
  readonly modules: readonly string[];
  readonly container: string | undefined;
}

/** A job for a worker. */
export interface JobMessage {
  readonly type: 'job';
  readonly task: string;
  readonly attempt: number;
  readonly key: string | undefined;
  readonly params: readonly (readonly [name: string, value: SentValue])[];
  readonly requirements: readonly (readonly [property: string, value: SentRequirement])[];
  readonly pieces: readonly SentInput[];
  /** Value of the task's `fingerprint()`, when it has to be compared after the run. */
  readonly fingerprint?: string | undefined;
  /** Whether the task has a timeout, which ends it when it never settles. */
  readonly isTimed: boolean;
}

/** The job's signal has aborted. */
export interface AbortMessage {
  readonly type: 'abort';
  readonly reason: SentFailure;
}

/** No more jobs come: what the worker holds can go. */
export interface CloseMessage {
  readonly type: 'close';
}

export type ToWorker = StartMessage | JobMessage | AbortMessage | CloseMessage;

/** The job is over; what came of it. */
export type Reply = DoneMessage | { readonly type: 'failed'; readonly failure: SentFailure };

/** A result, encoded. */
export interface DoneMessage {
  readonly type: 'done';
  readonly result: SentBytes;
  /** Whether the result contains task refs, encoded as in params. */
  readonly holdsRefs: boolean;
  /** Digest of the bytes, for results that are saved. */
  readonly digest: string | undefined;
  /** Also compressed; null when that did not pay, undefined when it was not tried. */
  readonly compressed: { readonly compressor: string; readonly at: number } | null | undefined;
  /** The task directories in it, of results that are saved: there they have names only. */
  readonly directories: readonly (readonly [name: string, path: string])[];
  /** Whether the task's `fingerprint()` changed during the run. */
  readonly isOutdated?: boolean;
  /** Why it must not be saved: it contains secrets of refs. */
  readonly unsaved?: string | undefined;
}

export type FromWorker =
  | { readonly type: 'ready' }
  /** The container is closed, or could not be. */
  | { readonly type: 'closed'; readonly problem: string | undefined }
  /** Arguments of `context.progress`. */
  | { readonly type: 'progress'; readonly said: readonly [number, (number | string)?, string?] }
  | { readonly type: 'log'; readonly message: string }
  /** The job never settles: the worker's event loop has nothing left to wait for. The worker goes on. */
  | { readonly type: 'stuck' }
  /** An uncaught error ends the worker. */
  | { readonly type: 'crashed'; readonly failure: SentFailure }
  | Reply;
