/** Which of a font's characters are how wide. */
const thin = /^[ 'ijlIJ.,:;|!/\\·()[\]ft-]$/;
const broad = /^(?:[mwMW%@…]|(?=[\u0250-\u{10ffff}])[\p{Lu}жшщюфм])$/u;
const large = /^[\p{Lu}&#<=>+^~×\u0250-\u{10ffff}]$/u;

// Shares of the font size, as in the widest of the usual fonts (DejaVu Sans, Verdana): in others, some room is left.
const plain = { thin: 0.41, broad: 1, large: 0.85, other: 0.65 };
const bold = { thin: 0.48, broad: 1.1, large: 0.88, other: 0.73 };
const mono = 0.62;
const wide = 1.05;

export interface Font {
  readonly size: number;
  readonly isMono?: boolean;
  readonly isBold?: boolean;
}

/** How wide a text becomes at most, in usual fonts. */
export function textWidth(text: string, { size, isMono, isBold }: Font): number {
  const shares = isBold ? bold : plain;
  let width = 0;
  for (const character of text) width += isWide(character) ? wide : isMono ? mono : shares[kindOf(character)];
  return width * size;
}

/** The beginning of a text, as much as fits. */
export function fitText(text: string, room: number, font: Font): string {
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

function kindOf(character: string): keyof typeof plain {
  if (thin.test(character)) return 'thin';
  if (broad.test(character)) return 'broad';
  return large.test(character) ? 'large' : 'other';
}

/** The scripts of East Asia, and pictures; punctuation and signs are among them, but not wide. */
function isWide(character: string): boolean {
  return character.codePointAt(0)! >= 0x1100 && !/[\u1e00-\u2bff]/.test(character);
}
