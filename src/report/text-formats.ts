import { paramsToJson } from '../storage/format/record';
import type { TaskDefinition } from '../task/definition';
import { type FoldOptions, fold, isGroup } from './fold';
import { boxLines } from './label';
import { toOneLine } from './one-line';
import type { GraphPicture, PictureNode } from './picture';
import { type NodeState, stateStyles, states } from './states';

/** Writes a picture as JSON. */
export function toJson(picture: GraphPicture): string {
  return `${JSON.stringify({ ...picture, nodes: picture.nodes.map(nodeToJson) }, null, 2)}\n`;
}

const noSecrets: ReadonlySet<string> = new Set();

/** Makes a node serializable; its params have the form that they have in the record of a checkpoint. */
export function nodeToJson(node: PictureNode): Omit<PictureNode, 'params'> & { params: Record<string, unknown> } {
  return { ...node, params: paramsToJson(node.params, { secrets: noSecrets } as TaskDefinition) };
}

// Mermaid accepts at most 500 edges and 50,000 characters.
const defaultLimit = 80;

/** Draws a picture as a Mermaid flowchart. */
export function toMermaid(picture: GraphPicture, { foldAbove = defaultLimit }: FoldOptions = {}): string {
  const { boxes, edges } = fold(picture, { foldAbove });
  const ids = new Map(boxes.map(({ key }, index) => [key, `n${index}`]));
  const used = new Set<NodeState>();
  const lines = boxes.map((box) => {
    const text = boxLines(box).map(escapeMermaid).join('<br>');
    const shape = isGroup(box) ? `[["${text}"]]` : `["${text}"]`;
    if (isGroup(box)) return `  ${ids.get(box.key)}${shape}`;
    used.add(box.state);
    return `  ${ids.get(box.key)}${shape}:::${box.state}`;
  });
  const arrows = edges.map(({ from, to, count }) => {
    const label = count > 1 ? `|× ${count}|` : '';
    return `  ${ids.get(from)} -->${label} ${ids.get(to)}`;
  });
  const styles = states
    .filter((state) => used.has(state))
    .map((state) => {
      const { fill, line, text, isDashed } = stateStyles[state].light;
      return `  classDef ${state} fill:${fill},stroke:${line},color:${text}${isDashed ? ',stroke-dasharray:4' : ''}`;
    });
  return `${['flowchart LR', ...lines, ...arrows, ...styles].join('\n')}\n`;
}

/** Escapes a label: Mermaid reads HTML in labels, and character codes such as `#34;`. */
function escapeMermaid(text: string): string {
  return toOneLine(text).replaceAll(
    /[^\p{L}\p{N} .,:·×✓↓✗…○–⇣?()[\]{}'/-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}

/** Draws a picture in the DOT language. */
export function toDot(picture: GraphPicture, options: FoldOptions = {}): string {
  const { boxes, edges } = fold(picture, options);
  const ids = new Map(boxes.map(({ key }, index) => [key, `n${index}`]));
  const nodes = boxes.map((box) => {
    const label = boxLines(box)
      .map((line) => `${escapeDot(line)}\\l`)
      .join('');
    const state = isGroup(box) ? [...box.counts.keys()][0]! : box.state;
    const { fill, line, text, isDashed } = stateStyles[state].light;
    const style = isDashed ? 'filled,rounded,dashed' : 'filled,rounded';
    const colours = `fillcolor="${fill}", color="${line}", fontcolor="${text}"`;
    return `  ${ids.get(box.key)} [label="${label}", tooltip="${escapeDot(box.key)}", style="${style}", ${colours}${isGroup(box) ? ', peripheries=2' : ''}];`;
  });
  const arrows = edges.map(({ from, to, count }) => {
    const label = count > 1 ? ` [label="× ${count}"]` : '';
    return `  ${ids.get(from)} -> ${ids.get(to)}${label};`;
  });
  const head = [
    '  graph [rankdir=LR, bgcolor=transparent];',
    '  node [shape=box, fontname="Helvetica,Arial,sans-serif", fontsize=11];',
    '  edge [color="#8b97a3", fontname="Helvetica,Arial,sans-serif", fontsize=9];',
  ];
  return `digraph tidemark {\n${[...head, ...nodes, ...arrows].join('\n')}\n}\n`;
}

/** Escapes text inside double quotes, where a backslash starts an escape sequence and `&` an entity. */
function escapeDot(text: string): string {
  return toOneLine(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
}
