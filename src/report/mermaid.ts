import { type FoldOptions, fold, isGroup } from './fold';
import { linesOf } from './label';
import { oneLine } from './one-line';
import type { GraphPicture } from './picture';
import { type NodeState, stateStyles, states } from './states';

// Mermaid refuses more than 500 edges and 50,000 characters.
const defaultLimit = 80;

/** A flowchart of Mermaid. */
export function toMermaid(picture: GraphPicture, { foldAbove = defaultLimit }: FoldOptions = {}): string {
  const { boxes, edges } = fold(picture, { foldAbove });
  const ids = new Map(boxes.map(({ key }, index) => [key, `n${index}`]));
  const used = new Set<NodeState>();
  const lines = boxes.map((box) => {
    const text = linesOf(box).map(escapeText).join('<br>');
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

/** Mermaid reads HTML in labels, and code words for characters: `#34;`. */
function escapeText(text: string): string {
  return oneLine(text).replaceAll(
    /[^\p{L}\p{N} .,:·×✓↓✗…○–⇣?()[\]{}'/-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}
