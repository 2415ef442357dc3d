import { type FoldOptions, fold, isGroup } from './fold';
import { linesOf } from './label';
import { oneLine } from './one-line';
import type { GraphPicture } from './picture';
import { stateStyles } from './states';

/** The language of Graphviz. */
export function toDot(picture: GraphPicture, options: FoldOptions = {}): string {
  const { boxes, edges } = fold(picture, options);
  const ids = new Map(boxes.map(({ key }, index) => [key, `n${index}`]));
  const nodes = boxes.map((box) => {
    const label = linesOf(box)
      .map((line) => `${quotedPart(line)}\\l`)
      .join('');
    const state = isGroup(box) ? [...box.counts.keys()][0]! : box.state;
    const { fill, line, text, isDashed } = stateStyles[state].light;
    const style = isDashed ? 'filled,rounded,dashed' : 'filled,rounded';
    const colours = `fillcolor="${fill}", color="${line}", fontcolor="${text}"`;
    return `  ${ids.get(box.key)} [label="${label}", tooltip="${quotedPart(box.key)}", style="${style}", ${colours}${isGroup(box) ? ', peripheries=2' : ''}];`;
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

/** Text inside double quotes; in Graphviz a backslash begins a code, and `&` an entity. */
function quotedPart(text: string): string {
  return oneLine(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
}
