import { showValue } from '../../task/show';
import { isGroup, type PictureGroup } from '../fold';
import { countsOf } from '../label';
import { stateNames, stateSigns, stateStyles, states } from '../states';
import { showCount } from '../units';
import { inset } from './box';
import type { Layout, PlacedBox, PlacedEdge } from './layout';
import { escapeMarkup } from './markup';

/**
 * All of a layout as SVG elements; `data-key`, and `data-from` as a place in the list of boxes, say what each is.
 *
 * @param isPage whether it can be seen from afar, where only large titles can be read
 */
export function drawLayout({ boxes, edges }: Layout, isPage = false): string {
  const drawn = boxes.map((box) => drawBox(box, isPage));
  return `<g class="edges">${edges.map(drawEdge).join('')}</g><g class="boxes">${drawn.join('')}</g>`;
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

function drawBox(box: PlacedBox, isPage: boolean): string {
  const { drawn, x, y, width, height, title, params, remark } = box;
  const state = isGroup(drawn) ? foremost(drawn) : drawn.state;
  const dashed = !isGroup(drawn) && stateStyles[drawn.state].light.isDashed ? ' dashed' : '';
  const classes = isGroup(drawn)
    ? `box group${drawn.counts.has('failed') ? ' with-failed' : ''}`
    : `box ${state}${dashed}`;
  const middle = inset.top + 7;
  let line = inset.top + 12;
  const text = (name: string, content: string, step: number) =>
    `<text class="${name}" x="${inset.left}" y="${(line += step)}">${escapeMarkup(content)}</text>`;
  const parts = [
    `<title>${escapeMarkup(describe(box))}</title>`,
    isGroup(drawn) ? sheets(width, height) : '',
    `<rect class="card front" width="${width}" height="${height}" rx="8"/>`,
    isGroup(drawn) ? `<g class="${state}">${dot(middle, stateSigns[state])}</g>` : dot(middle, stateSigns[state]),
    // Nothing of a text is outside of its box, in whatever font: what is written here would be cut there.
    `<svg width="${width - 3}" height="${height}">`,
    isPage ? titleFromAfar(box) : '',
    text('title', title, 0),
    ...params.map((param, index) => text('param', param, index === 0 ? inset.titleLine - 2 : inset.line)),
    isGroup(drawn) ? shares(drawn, line + 9, width - inset.left - inset.right) : '',
    remark &&
      text(
        'remark',
        remark,
        (params.length === 0 ? inset.titleLine - 2 : inset.line) + (isGroup(drawn) ? inset.bar : 0),
      ),
    '</svg>',
  ];
  return `<g class="${classes}" data-key="${escapeMarkup(drawn.key)}" transform="translate(${x} ${y})">${parts.join('')}</g>`;
}

function dot(middle: number, sign: string): string {
  return `<circle class="dot" cx="20" cy="${middle}" r="9"/><text class="sign" x="20" y="${middle + 4.3}">${sign}</text>`;
}

/** In the middle of the box, since nothing else is there then. */
function titleFromAfar({ sign, height }: PlacedBox): string {
  const middle = height / 2 + sign.size * 0.36;
  return `<text class="name" x="${inset.left}" y="${middle.toFixed(1)}" font-size="${sign.size}">${escapeMarkup(sign.text)}</text>`;
}

/** The edges of the cards that lie below the first. */
function sheets(width: number, height: number): string {
  const sheet = (by: number) => `<rect class="card" x="${by}" y="${by}" width="${width}" height="${height}" rx="8"/>`;
  return sheet(6) + sheet(3);
}

/** How wide a part of a bar is at least, in pixels: one failure among many thousands must be seen. */
const leastShare = 4;
const leastFailed = 10;

/** How many are in each state, as parts of a bar. */
function shares(group: PictureGroup, y: number, width: number): string {
  let x = inset.left;
  return Array.from(sharesOf(group, width), ([state, part]) => {
    const rect = `<rect class="share ${state}" x="${x.toFixed(1)}" y="${y}" width="${(part - 1).toFixed(1)}" height="6" rx="2"/>`;
    x += part;
    return rect;
  }).join('');
}

/** The widths of the parts, in the order of states. What small ones get more than their share, the others give. */
function sharesOf({ counts, members }: PictureGroup, width: number): ReadonlyMap<(typeof states)[number], number> {
  const there = states.filter((state) => counts.has(state));
  const widths = new Map(there.map((state) => [state, (counts.get(state)! / members.length) * width]));
  const small = new Map(
    there.flatMap((state) => {
      const least = state === 'failed' ? leastFailed : leastShare;
      return widths.get(state)! < least ? [[state, least]] : [];
    }),
  );
  const sum = (states: Iterable<(typeof there)[number]>, of: ReadonlyMap<string, number>) =>
    [...states].reduce((all, state) => all + of.get(state)!, 0);
  const others = there.filter((state) => !small.has(state));
  const scale = (width - sum(small.keys(), small)) / sum(others, widths);
  return new Map(there.map((state) => [state, small.get(state) ?? widths.get(state)! * scale]));
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
