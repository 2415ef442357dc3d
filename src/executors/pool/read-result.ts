import type { Bytes } from '../../encoding/encoder';
import type { GraphNode } from '../../graph/node';
import { SentResult } from '../sent-result';
import type { DoneMessage } from './messages';

/** The result that a worker sent. @param output the end of what the task printed, where that is known */
export function readResult(
  { task, params }: GraphNode,
  { result, digest, compressed, holdsRefs, directories, unsaved }: DoneMessage,
  bytes: readonly Bytes[],
  output: string,
): SentResult {
  return new SentResult({
    serializer: result.serializer,
    format: result.format,
    bytes: bytes[result.at]!,
    digest,
    holdsRefs,
    directories: new Map(directories),
    compressed: compressed && { compressor: compressed.compressor, bytes: bytes[compressed.at]! },
    output,
    encoder: task.options.encoder,
    isValueOnly: !task.save,
    params,
    unsaved,
  });
}
