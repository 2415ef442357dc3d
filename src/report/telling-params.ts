import { paramText } from './param-text';
import type { PictureNode } from './picture';

/** Tasks of one class, with the params first that tell them apart: a box has room for the first few. */
export function tellingFirst(nodes: readonly PictureNode[]): readonly PictureNode[] {
  const [first, ...others] = nodes;
  if (!first || others.length === 0) return nodes;
  const names = [...new Set(nodes.flatMap(({ params }) => Object.keys(params)))];
  const telling = names.filter((name) => {
    const text = textOf(first, name);
    return others.some((other) => textOf(other, name) !== text);
  });
  if (telling.length === 0 || telling.length === names.length) return nodes;
  return nodes.map((node) => {
    const named = telling.filter((name) => name in node.params).map((name) => [name, node.params[name]]);
    return { ...node, params: { ...Object.fromEntries(named), ...node.params } };
  });
}

/** What would be shown; undefined when there is no such param. */
function textOf({ params }: PictureNode, name: string): string | undefined {
  return name in params ? paramText(name, params[name]) : undefined;
}
