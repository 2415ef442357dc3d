import { type FoldOptions, fold } from '../fold';
import type { GraphPicture } from '../picture';
import { type NodeState, stateNames, stateSigns, states } from '../states';
import { showCount } from '../units';
import { fonts, textWidth } from './box';
import { arrowMarker, drawLayout } from './draw';
import { layoutGraph } from './layout';
import { colourRules, shapeRules } from './style';

const margin = 24;
const legendHeight = 34;

/** Draws a picture as SVG. */
export async function toSvg(picture: GraphPicture, options: FoldOptions = {}): Promise<string> {
  const layout = await layoutGraph(fold(picture, options));
  const legend = drawLegend(picture);
  const width = Math.ceil(Math.max(layout.width, legend.width) + 2 * margin);
  const height = Math.ceil(layout.height + 2 * margin + legendHeight);
  const style = `${shapeRules}${colourRules('light')}@media (prefers-color-scheme:dark){${colourRules('dark')}}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="tm" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>${style}</style>`,
    arrowMarker,
    '<rect class="paper" width="100%" height="100%" rx="12"/>',
    `<g transform="translate(${margin} ${margin})">${legend.markup}</g>`,
    `<g transform="translate(${margin} ${margin + legendHeight})">${drawLayout(layout)}</g>`,
    '</svg>\n',
  ].join('\n');
}

/** Each state with its sign and the number of tasks in it. */
function drawLegend({ nodes }: GraphPicture): { readonly markup: string; readonly width: number } {
  const counts = new Map<NodeState, number>();
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
  let x = 0;
  const entries = states
    .filter((state) => counts.has(state))
    .map((state) => {
      const text = `${showCount(counts.get(state)!)} ${stateNames[state]}`;
      const circle = `<circle class="dot" cx="8" cy="8" r="8"/><text class="sign" x="8" y="12.3">${stateSigns[state]}</text>`;
      const entry = `<g class="${state}" transform="translate(${x} 0)">${circle}<text class="remark legend" x="22" y="12">${text}</text></g>`;
      x += 40 + textWidth(text, fonts.remark);
      return entry;
    });
  return { markup: entries.join(''), width: x };
}
