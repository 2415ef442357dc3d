import type { Bytes, Encryption } from '../../../encoding/encoder';
import type { SentFailure } from '../../pool/messages';
import { readFailure } from '../../pool/read-failure';
import { open, type Sealed } from '../envelope';
import { QueueError } from '../queue-error';

/** Why a driver does not want a job any more, as it said. @param modules where classes of errors may be found */
export async function abortReason(
  text: string,
  encryption: Encryption | null,
  jobId: string,
  modules: readonly string[],
): Promise<unknown> {
  try {
    const sealed = JSON.parse(text) as Sealed;
    const content = await open<{ failure: SentFailure; bytes: readonly Bytes[] }>(sealed, encryption, `${jobId} abort`);
    return await readFailure(content.failure, content.bytes, modules);
  } catch {
    return new QueueError('whoever asked for it does not want it any more');
  }
}
