import { recordParams } from '../storage/record-params';
import type { TaskDefinition } from '../task/definition';
import type { GraphPicture, PictureNode } from './picture';

/**
 * A picture for programs: one JSON document with `nodes`, `edges` and, of a run, `startedAt`, `endedAt` and `spans`.
 *
 * @example
 * await writeFile('graph.json', toJson(recorder.picture()));
 */
export function toJson(picture: GraphPicture): string {
  return `${JSON.stringify({ ...picture, nodes: picture.nodes.map(nodeToJson) }, null, 2)}\n`;
}

const noSecrets: ReadonlySet<string> = new Set();

/** A node as JSON; its params are written as in a checkpoint's record. */
export function nodeToJson(node: PictureNode): Omit<PictureNode, 'params'> & { params: Record<string, unknown> } {
  return { ...node, params: recordParams(node.params, { secrets: noSecrets } as TaskDefinition) };
}
