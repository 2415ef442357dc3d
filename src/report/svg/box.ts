import { type Drawn, isGroup } from '../fold';
import { countsOf, paramLines, remarkOf } from '../label';
import { showCount } from '../units';
import { type Font, fitText, textWidth } from './text-width';

/** What is drawn as one box, its text and its size in pixels. */
export interface Box {
  readonly drawn: Drawn;
  readonly title: string;
  /** The title for boxes that are seen from afar, and its size in pixels. */
  readonly sign: { readonly text: string; readonly size: number };
  readonly params: readonly string[];
  readonly remark: string;
  readonly width: number;
  readonly height: number;
}

export const fonts = {
  title: { size: 13, isBold: true },
  param: { size: 11, isMono: true },
  remark: { size: 11 },
} as const satisfies Readonly<Record<string, Font>>;

/** Where things are in a box. */
export const inset = { left: 38, right: 12, top: 12, bottom: 11, titleLine: 18, line: 15, bar: 12 } as const;

const narrowest = 132;
const widest = 300;
/** What a title from afar is written in, as far as there is room for it. */
const largest = 23;

/** The boxes of a picture, all equally wide so that they stand in columns. */
export function boxesOf(drawn: readonly Drawn[]): readonly Box[] {
  const texts = drawn.map((one) => ({ drawn: one, ...textOf(one) }));
  const room = Math.max(narrowest, ...texts.map(roomFor)) - inset.left - inset.right;
  const inner = Math.min(room, widest - inset.left - inset.right);
  return texts.map(({ drawn: one, title, params, remark }) => {
    const lines = params.length + (remark ? 1 : 0);
    return {
      drawn: one,
      title: fitText(title, inner, fonts.title),
      sign: fromAfar(title, inner),
      params: params.map((line) => fitText(line, inner, fonts.param)),
      remark: fitText(remark, inner, fonts.remark),
      width: inner + inset.left + inset.right,
      height: inset.top + inset.titleLine + lines * inset.line + (isGroup(one) ? inset.bar : 0) + inset.bottom,
    };
  });
}

/** As large as it fits, and never smaller than a title is. */
function fromAfar(title: string, room: number): Box['sign'] {
  const size = Math.min(largest, Math.max(fonts.title.size, (room / textWidth(title, fonts.title)) * fonts.title.size));
  return { text: fitText(title, room, { ...fonts.title, size }), size: Math.floor(size * 10) / 10 };
}

type Text = Pick<Box, 'title' | 'params' | 'remark'>;

function textOf(drawn: Drawn): Text {
  if (!isGroup(drawn)) return { title: drawn.task, params: paramLines(drawn), remark: remarkOf(drawn) };
  // Signs alone where the words would not fit.
  return {
    title: `${drawn.task} × ${showCount(drawn.members.length)}`,
    params: [],
    remark: countsOf(drawn, drawn.counts.size > 2),
  };
}

function roomFor({ title, params, remark }: Text): number {
  const widths = [
    textWidth(title, fonts.title),
    ...params.map((line) => textWidth(line, fonts.param)),
    textWidth(remark, fonts.remark),
  ];
  return Math.ceil(Math.max(...widths)) + inset.left + inset.right;
}
