import type { Entry } from '../../../storage/entry';
import { Outbox } from '../../pool/outbox';
import { writeFailure } from '../../pool/write-failure';
import type { JobAnswer } from '../job-content';

type WithoutWorker<A> = A extends unknown ? Omit<A, 'worker' | 'output' | 'bytes' | 'took'> : never;

/** What an attempt at a job came to, and what was printed. */
export interface Attempt {
  readonly answer: WithoutWorker<JobAnswer>;
  readonly bytes?: JobAnswer['bytes'];
  readonly output?: string;
  /** How long it took, in milliseconds. */
  readonly took?: number;
}

/** It failed by this. */
export function failure(error: unknown): Attempt {
  const outbox = new Outbox();
  return { answer: { type: 'failed', failure: writeFailure(error, outbox) }, bytes: outbox.bytes };
}

/** Its result was saved already. */
export function wasThere({ key, digest, size, seconds, holdsRefs }: Entry): Attempt {
  const where = { key, digest, size, seconds, holdsRefs, isSaved: true, isOutdated: false };
  return { answer: { type: 'stored', ...where, wasThere: true, inline: undefined } };
}
