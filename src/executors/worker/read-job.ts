import { deepFreeze } from '../../encoding/copies/freeze';
import type { Bytes } from '../../encoding/encoder';
import { findSerialization } from '../../encoding/serialization/find-serialization';
import { restoreRefs } from '../../graph/stored-ref';
import { mapStructure } from '../../graph/structure';
import { definitionOf } from '../../task/definition';
import { decodeData, Placeholder } from '../remote/attachments';
import type { JobMessage, SentInput, SentRequirement } from '../remote/messages';
import type { TaskCatalog } from './task-catalog';

/** Values of a task's properties. */
export type Properties = readonly (readonly [name: string, value: unknown])[];

/** The params of a job, frozen as any. */
export function readParams({ params }: JobMessage, bytes: readonly Bytes[], { classOf }: TaskCatalog): Properties {
  return params.map(([name, sent]) => {
    const value = decodeData(sent, bytes);
    if ('plain' in sent) return [name, value];
    const unfolded = restoreRefs(value, { classOf });
    deepFreeze(unfolded);
    return [name, unfolded];
  });
}

/** Reads the required results of a job. */
export async function readRequirements(
  { requirements, pieces }: JobMessage,
  bytes: readonly Bytes[],
  catalogue: TaskCatalog,
): Promise<Properties> {
  const values: unknown[] = [];
  for (const piece of pieces) values.push(await readPiece(piece, bytes[piece.at]!, catalogue));
  const fill = (sent: SentRequirement): unknown =>
    'piece' in sent
      ? values[sent.piece]
      : mapStructure(decodeData(sent.structure, bytes), (part) =>
          part instanceof Placeholder ? values[part.piece] : part,
        );
  return requirements.map(([property, sent]) => [property, fill(sent)]);
}

async function readPiece(piece: SentInput, bytes: Bytes, catalogue: TaskCatalog): Promise<unknown> {
  const { serializer, format, encodedBy, isFrozen } = piece;
  const producer = encodedBy === undefined ? undefined : catalogue.find(encodedBy);
  const encoder = producer && definitionOf(producer).options.encoder;
  const value = await findSerialization(serializer, format, encoder ? [encoder] : []).deserialize(bytes, format, true);
  if (isFrozen) deepFreeze(value);
  return value;
}
