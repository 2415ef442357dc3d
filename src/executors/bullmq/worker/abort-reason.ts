import type { Bytes, Encryption } from '../../../encoding/encoder';
import type { SentFailure } from '../../pool/messages';
import { readFailure } from '../../pool/read-failure';
import { open, type Place } from '../envelope';
import { QueueError } from '../queue-error';

/** Why a driver does not want a job any more, as it said. @param modules where classes of errors may be found */
export async function abortReason(
  text: string,
  encryption: Encryption | null,
  place: Pick<Place, 'queue' | 'id'>,
  modules: readonly string[],
): Promise<unknown> {
  try {
    const content = await open<{ failure: SentFailure; bytes: readonly Bytes[] }>(JSON.parse(text), encryption, {
      ...place,
      kind: 'abort',
    });
    return await readFailure(content.failure, content.bytes, modules);
  } catch {
    return new QueueError('whoever asked for it does not want it any more');
  }
}
