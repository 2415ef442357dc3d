import { showValue } from '../../task/show';
import { isGroup, type PictureGroup } from '../fold';
import { countsOf } from '../label';
import { looks, signs, stateNames, states } from '../states';
import { showCount } from '../units';
import { inset } from './box';
import type { Layout, PlacedBox, PlacedEdge } from './layout';
import { escapeMarkup } from './markup';

/** All of a layout as SVG elements; `data-key`, and `data-from` as a place in the list of boxes, say what each is. */
export function drawLayout({ boxes, edges }: Layout): string {
  return `<g class="edges">${edges.map(drawEdge).join('')}</g><g class="boxes">${boxes.map(drawBox).join('')}</g>`;
}

function drawEdge({ from, to, count, path, label }: PlacedEdge): string {
  const text = label && `<text class="count" x="${label[0]}" y="${label[1] + 4}">× ${showCount(count)}</text>`;
  return `<g class="line" data-from="${from}" data-to="${to}"><path class="edge" marker-end="url(#tip)" d="${path}"/>${text ?? ''}</g>`;
}

const tip =
  '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">' +
  '<path class="tip" d="M0 0.5L8 4L0 7.5z"/></marker>';

/** What arrows refer to. */
export const definitions = `<defs>${tip}</defs>`;

function drawBox(box: PlacedBox): string {
  const { drawn, x, y, width, height, title, params, remark } = box;
  const state = isGroup(drawn) ? foremost(drawn) : drawn.state;
  const dashed = !isGroup(drawn) && looks[drawn.state].light.isDashed ? ' dashed' : '';
  const classes = isGroup(drawn) ? 'box group' : `box ${state}${dashed}`;
  const middle = inset.top + 7;
  let line = inset.top + 12;
  const text = (name: string, content: string, step: number) =>
    `<text class="${name}" x="${inset.left}" y="${(line += step)}">${escapeMarkup(content)}</text>`;
  const parts = [
    `<title>${escapeMarkup(describe(box))}</title>`,
    isGroup(drawn) ? sheets(width, height) : '',
    `<rect class="card front" width="${width}" height="${height}" rx="8"/>`,
    isGroup(drawn) ? `<g class="${state}">${dot(middle, signs[state])}</g>` : dot(middle, signs[state]),
    text('title', title, 0),
    ...params.map((param, index) => text('param', param, index === 0 ? inset.titleLine - 2 : inset.line)),
    isGroup(drawn) ? shares(drawn, line + 9, width - inset.left - inset.right) : '',
    remark &&
      text(
        'remark',
        remark,
        (params.length === 0 ? inset.titleLine - 2 : inset.line) + (isGroup(drawn) ? inset.bar : 0),
      ),
  ];
  return `<g class="${classes}" data-key="${escapeMarkup(drawn.key)}" transform="translate(${x} ${y})">${parts.join('')}</g>`;
}

function dot(middle: number, sign: string): string {
  return `<circle class="dot" cx="20" cy="${middle}" r="9"/><text class="sign" x="20" y="${middle + 4.3}">${sign}</text>`;
}

/** The edges of the cards that lie below the first. */
function sheets(width: number, height: number): string {
  const sheet = (by: number) => `<rect class="card" x="${by}" y="${by}" width="${width}" height="${height}" rx="8"/>`;
  return sheet(6) + sheet(3);
}

/** How many are in each state, as parts of a bar. */
function shares({ counts, members }: PictureGroup, y: number, width: number): string {
  let x = inset.left;
  return states
    .filter((state) => counts.has(state))
    .map((state) => {
      const part = (counts.get(state)! / members.length) * width;
      const rect = `<rect class="share ${state}" x="${x.toFixed(1)}" y="${y}" width="${Math.max(part - 1, 1).toFixed(1)}" height="6" rx="2"/>`;
      x += part;
      return rect;
    })
    .join('');
}

/** The state of a group: the first in the order of what people look for. */
export function foremost({ counts }: PictureGroup): (typeof states)[number] {
  return states.find((state) => counts.has(state))!;
}

function describe({ drawn, remark }: PlacedBox): string {
  if (isGroup(drawn)) return `${drawn.task}: ${showCount(drawn.members.length)} tasks, ${countsOf(drawn)}`;
  const params = Object.entries(drawn.params).map(([name, value]) => `${name}: ${showValue(value)}`);
  return [`${drawn.task}: ${stateNames[drawn.state]}`, ...params, remark, drawn.key].filter(Boolean).join('\n');
}
