// Shares of the font size, a little more than in common sans-serif and monospaced fonts.
const plain = 0.58;
const mono = 0.62;
const wide = 1.05;

export interface Font {
  readonly size: number;
  readonly isMono?: boolean;
}

/** About how wide a text becomes; fonts differ, so a little more than in most. */
export function textWidth(text: string, { size, isMono }: Font): number {
  let width = 0;
  for (const character of text)
    width += character.codePointAt(0)! >= 0x1100 && !isNarrow(character) ? wide : isMono ? mono : plain;
  return width * size;
}

/** The beginning of a text, as much as fits. */
export function fitText(text: string, room: number, font: Font): string {
  if (textWidth(text, font) <= room) return text;
  const characters = [...text];
  let end = Math.min(characters.length, Math.floor(room / (font.size * mono)) + 1);
  while (end > 1 && textWidth(`${characters.slice(0, end).join('')}…`, font) > room) end--;
  return `${characters.slice(0, end).join('')}…`;
}

/** Punctuation and signs lie above the scripts of wide characters' beginning, but are not wide. */
function isNarrow(character: string): boolean {
  return /[\u2000-\u2bff]/.test(character);
}
