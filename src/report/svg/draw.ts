import { showValue } from '../../base/show';
import { isGroup, type PictureGroup } from '../fold';
import { stateCounts } from '../label';
import { stateNames, stateSigns, stateStyles, states } from '../states';
import { showCount } from '../units';
import { padding } from './box';
import type { Layout, PlacedBox, PlacedEdge } from './layout';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// Characters that XML cannot contain even when escaped.
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches these characters
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g;

/** Escapes text for XML and HTML, between tags and in attributes. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(forbidden, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character]!);
}

/**
 * Draws a layout as SVG elements. `data-key` of a box is its key; `data-from` and `data-to` of a line are indices of boxes.
 *
 * @param isPage whether the drawing can be zoomed out, so that it needs large titles
 */
export function drawLayout({ boxes, edges }: Layout, isPage = false): string {
  const drawn = boxes.map((box) => drawBox(box, isPage));
  return `<g class="edges">${edges.map(drawEdge).join('')}</g><g class="boxes">${drawn.join('')}</g>`;
}

function drawEdge({ from, to, count, path, label }: PlacedEdge): string {
  const text = label && `<text class="count" x="${label[0]}" y="${label[1] + 4}">× ${showCount(count)}</text>`;
  return `<g class="line" data-from="${from}" data-to="${to}"><path class="edge" marker-end="url(#tip)" d="${path}"/>${text ?? ''}</g>`;
}

const arrowTip =
  '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">' +
  '<path class="tip" d="M0 0.5L8 4L0 7.5z"/></marker>';

/** The tip of arrows, which all edges refer to. */
export const arrowMarker = `<defs>${arrowTip}</defs>`;

function drawBox(placed: PlacedBox, isPage: boolean): string {
  const { box, x, y, width, height, title, params, remark } = placed;
  const state = isGroup(box) ? groupState(box) : box.state;
  const dashed = !isGroup(box) && stateStyles[box.state].light.isDashed ? ' dashed' : '';
  const classes = isGroup(box) ? `box group${box.counts.has('failed') ? ' with-failed' : ''}` : `box ${state}${dashed}`;
  const middle = padding.top + 7;
  let line = padding.top + 12;
  const text = (name: string, content: string, step: number) =>
    `<text class="${name}" x="${padding.left}" y="${(line += step)}">${escapeMarkup(content)}</text>`;
  const parts = [
    `<title>${escapeMarkup(tooltip(placed))}</title>`,
    isGroup(box) ? drawStack(width, height) : '',
    `<rect class="card front" width="${width}" height="${height}" rx="8"/>`,
    isGroup(box)
      ? `<g class="${state}">${drawSign(middle, stateSigns[state])}</g>`
      : drawSign(middle, stateSigns[state]),
    // An inner `svg` clips text that is too wide in the font of the reader.
    `<svg width="${width - 3}" height="${height}">`,
    isPage ? drawFarTitle(placed) : '',
    text('title', title, 0),
    ...params.map((param, index) => text('param', param, index === 0 ? padding.titleLine - 2 : padding.line)),
    isGroup(box) ? drawStateBar(box, line + 9, width - padding.left - padding.right) : '',
    remark &&
      text(
        'remark',
        remark,
        (params.length === 0 ? padding.titleLine - 2 : padding.line) + (isGroup(box) ? padding.bar : 0),
      ),
    '</svg>',
  ];
  return `<g class="${classes}" data-key="${escapeMarkup(box.key)}" transform="translate(${x} ${y})">${parts.join('')}</g>`;
}

function drawSign(middle: number, sign: string): string {
  return `<circle class="dot" cx="20" cy="${middle}" r="9"/><text class="sign" x="20" y="${middle + 4.3}">${sign}</text>`;
}

/** Draws the title that replaces all other text of a box on a zoomed-out page. */
function drawFarTitle({ farTitle, height }: PlacedBox): string {
  const middle = height / 2 + farTitle.size * 0.36;
  return `<text class="name" x="${padding.left}" y="${middle.toFixed(1)}" font-size="${farTitle.size}">${escapeMarkup(farTitle.text)}</text>`;
}

/** Draws the edges of two more cards behind the first. */
function drawStack(width: number, height: number): string {
  const sheet = (by: number) => `<rect class="card" x="${by}" y="${by}" width="${width}" height="${height}" rx="8"/>`;
  return sheet(6) + sheet(3);
}

/** Smallest width of a part of a bar, in pixels: one failure among thousands must be visible. */
const minPart = 4;
const minFailedPart = 10;

/** Draws the number of members in each state as parts of a bar. */
function drawStateBar(group: PictureGroup, y: number, width: number): string {
  let x = padding.left;
  return Array.from(barWidths(group, width), ([state, part]) => {
    const rect = `<rect class="share ${state}" x="${x.toFixed(1)}" y="${y}" width="${(part - 1).toFixed(1)}" height="6" rx="2"/>`;
    x += part;
    return rect;
  }).join('');
}

/** Widths of the parts, in the order of states. Small parts are widened at the expense of the others. */
function barWidths({ counts, members }: PictureGroup, width: number): ReadonlyMap<(typeof states)[number], number> {
  const there = states.filter((state) => counts.has(state));
  const widths = new Map(there.map((state) => [state, (counts.get(state)! / members.length) * width]));
  const small = new Map(
    there.flatMap((state) => {
      const least = state === 'failed' ? minFailedPart : minPart;
      return widths.get(state)! < least ? [[state, least]] : [];
    }),
  );
  const sum = (states: Iterable<(typeof there)[number]>, of: ReadonlyMap<string, number>) =>
    [...states].reduce((all, state) => all + of.get(state)!, 0);
  const others = there.filter((state) => !small.has(state));
  const scale = (width - sum(small.keys(), small)) / sum(others, widths);
  return new Map(there.map((state) => [state, small.get(state) ?? widths.get(state)! * scale]));
}

/** The state of a group: the first of its states in the order of importance. */
function groupState({ counts }: PictureGroup): (typeof states)[number] {
  return states.find((state) => counts.has(state))!;
}

function tooltip({ box, remark }: PlacedBox): string {
  if (isGroup(box)) return `${box.task}: ${showCount(box.members.length)} tasks, ${stateCounts(box)}`;
  const params = Object.entries(box.params).map(([name, value]) => `${name}: ${showValue(value)}`);
  return [`${box.task}: ${stateNames[box.state]}`, ...params, remark, box.key].filter(Boolean).join('\n');
}
