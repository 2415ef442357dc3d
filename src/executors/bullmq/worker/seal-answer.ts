import type { Awaitable } from '../../../awaitable';
import type { Encryption } from '../../../encoding/encoder';
import { type Sealed, seal } from '../envelope';
import type { JobAnswer } from '../job-content';

/** An answer as it is kept in Redis. A refusal holds no secret, and who has no key is to read it as well. */
export function sealAnswer(
  answer: JobAnswer,
  encryption: Encryption | null,
  queue: string,
  id: string,
): Awaitable<Sealed> {
  return seal(answer, answer.type === 'refused' ? null : encryption, { kind: 'answer', queue, id });
}
