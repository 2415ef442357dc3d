import { recordParams } from '../storage/record-params';
import type { TaskDefinition } from '../task/definition';
import type { GraphPicture, PictureNode } from './picture';

/** One JSON document. */
export function toJson(picture: GraphPicture): string {
  return `${JSON.stringify({ ...picture, nodes: picture.nodes.map(nodeToJson) }, null, 2)}\n`;
}

const noSecrets: ReadonlySet<string> = new Set();

/** A node as JSON; its params are written as in a checkpoint's record. */
export function nodeToJson(node: PictureNode): Omit<PictureNode, 'params'> & { params: Record<string, unknown> } {
  return { ...node, params: recordParams(node.params, { secrets: noSecrets } as TaskDefinition) };
}
