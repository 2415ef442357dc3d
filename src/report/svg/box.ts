import { isGroup, type PictureBox } from '../fold';
import { boxRemark, paramLines, stateCounts } from '../label';
import { showCount } from '../units';

// Classes of characters by their width.
const thinCharacter = /^[ 'ijlIJ.,:;|!/\\·()[\]ft-]$/;
const broadCharacter = /^(?:[mwMW%@…]|(?=[\u0250-\u{10ffff}])[\p{Lu}жшщюфм])$/u;
const largeCharacter = /^[\p{Lu}&#<=>+^~×\u0250-\u{10ffff}]$/u;

// Widths as shares of the font size, in the widest of the common fonts (DejaVu Sans, Verdana); others need less.
const plainWidths = { thin: 0.41, broad: 1, large: 0.85, other: 0.65 };
const boldWidths = { thin: 0.48, broad: 1.1, large: 0.88, other: 0.73 };
const monoWidth = 0.62;
const wideWidth = 1.05;

interface Font {
  readonly size: number;
  readonly isMono?: boolean;
  readonly isBold?: boolean;
}

/** The largest width of a text in common fonts. */
export function textWidth(text: string, { size, isMono, isBold }: Font): number {
  const shares = isBold ? boldWidths : plainWidths;
  let width = 0;
  for (const character of text)
    width += isWide(character) ? wideWidth : isMono ? monoWidth : shares[widthClass(character)];
  return width * size;
}

/** Truncates a text to a width. */
function fitText(text: string, room: number, font: Font): string {
  if (textWidth(text, font) <= room) return text;
  const dots = textWidth('…', font);
  let kept = '';
  let width = dots;
  for (const character of text) {
    width += textWidth(character, font);
    if (width > room && kept !== '') break;
    kept += character;
  }
  return `${kept}…`;
}

function widthClass(character: string): keyof typeof plainWidths {
  if (thinCharacter.test(character)) return 'thin';
  if (broadCharacter.test(character)) return 'broad';
  return largeCharacter.test(character) ? 'large' : 'other';
}

/** East Asian scripts and emoji; the range in between holds punctuation and symbols, which are not wide. */
function isWide(character: string): boolean {
  return character.codePointAt(0)! >= 0x1100 && !/[\u1e00-\u2bff]/.test(character);
}

/** A box with its text and its size, in pixels. */
export interface MeasuredBox {
  readonly box: PictureBox;
  readonly title: string;
  /** The title for a page that is zoomed out, with its font size. */
  readonly farTitle: { readonly text: string; readonly size: number };
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

/** Padding and line heights of a box, in pixels. */
export const padding = { left: 38, right: 12, top: 12, bottom: 11, titleLine: 18, line: 15, bar: 12 } as const;

const minWidth = 132;
const maxWidth = 300;
/** Font size of titles on a zoomed-out page, as far as there is room. */
const maxFarTitleSize = 23;

/** Measures the boxes of a picture. All get the same width, so that they form columns. */
export function measureBoxes(boxes: readonly PictureBox[]): readonly MeasuredBox[] {
  const texts = boxes.map((box) => ({ box, ...boxText(box) }));
  const room = Math.max(minWidth, ...texts.map(neededWidth)) - padding.left - padding.right;
  const inner = Math.min(room, maxWidth - padding.left - padding.right);
  return texts.map(({ box, title, params, remark }) => {
    const lines = params.length + (remark ? 1 : 0);
    return {
      box,
      title: fitText(title, inner, fonts.title),
      farTitle: fitFarTitle(title, inner),
      params: params.map((line) => fitText(line, inner, fonts.param)),
      remark: fitText(remark, inner, fonts.remark),
      width: inner + padding.left + padding.right,
      height:
        padding.top + padding.titleLine + lines * padding.line + (isGroup(box) ? padding.bar : 0) + padding.bottom,
    };
  });
}

/** Makes the title as large as there is room, and at least as large as an ordinary title. */
function fitFarTitle(title: string, room: number): MeasuredBox['farTitle'] {
  const size = Math.min(
    maxFarTitleSize,
    Math.max(fonts.title.size, (room / textWidth(title, fonts.title)) * fonts.title.size),
  );
  return { text: fitText(title, room, { ...fonts.title, size }), size: Math.floor(size * 10) / 10 };
}

type BoxText = Pick<MeasuredBox, 'title' | 'params' | 'remark'>;

function boxText(box: PictureBox): BoxText {
  if (!isGroup(box)) return { title: box.task, params: paramLines(box), remark: boxRemark(box) };
  // Signs without words when there are many states.
  return {
    title: `${box.task} × ${showCount(box.members.length)}`,
    params: [],
    remark: stateCounts(box, box.counts.size > 2),
  };
}

function neededWidth({ title, params, remark }: BoxText): number {
  const widths = [
    textWidth(title, fonts.title),
    ...params.map((line) => textWidth(line, fonts.param)),
    textWidth(remark, fonts.remark),
  ];
  return Math.ceil(Math.max(...widths)) + padding.left + padding.right;
}
