import type { Bytes } from '../../encoding/encoder';
import { serializationFor } from '../../encoding/find-serialization';
import { deepFreeze } from '../../encoding/freeze';
import { fromStored } from '../../graph/stored-ref';
import { mapStructure } from '../../graph/structure';
import { definitionOf } from '../../task/definition';
import type { JobMessage, SentPiece, SentRequirement } from '../pool/messages';
import { readData } from '../pool/outbox';
import { StandIn } from '../pool/stand-in';
import type { Catalogue } from './catalogue';

/** What a task's properties are set to. */
export type Properties = readonly (readonly [name: string, value: unknown])[];

/** The params of a job, frozen as any. */
export function readParams({ params }: JobMessage, bytes: readonly Bytes[], { classOf }: Catalogue): Properties {
  return params.map(([name, sent]) => {
    const value = readData(sent, bytes);
    if ('plain' in sent) return [name, value];
    const unfolded = fromStored(value, { classOf });
    deepFreeze(unfolded);
    return [name, unfolded];
  });
}

/** What a job requires. */
export async function readRequirements(
  { requirements, pieces }: JobMessage,
  bytes: readonly Bytes[],
  catalogue: Catalogue,
): Promise<Properties> {
  const values: unknown[] = [];
  for (const piece of pieces) values.push(await readPiece(piece, bytes[piece.at]!, catalogue));
  const fill = (sent: SentRequirement): unknown =>
    'piece' in sent
      ? values[sent.piece]
      : mapStructure(readData(sent.structure, bytes), (part) => (part instanceof StandIn ? values[part.piece] : part));
  return requirements.map(([property, sent]) => [property, fill(sent)]);
}

async function readPiece(piece: SentPiece, bytes: Bytes, catalogue: Catalogue): Promise<unknown> {
  const { serializer, format, encodedBy, isFrozen } = piece;
  const producer = encodedBy === undefined ? undefined : catalogue.find(encodedBy);
  const encoder = producer && definitionOf(producer).options.encoder;
  const value = await serializationFor(serializer, format, encoder ? [encoder] : []).deserialize(bytes, format, true);
  if (isFrozen) deepFreeze(value);
  return value;
}
