import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Replaces the text between `<!-- NAME -->` and `<!-- /NAME -->` in a file. @returns false if the marks are missing */
export function replaceSection(file: string, name: string, text: string): boolean {
  if (!existsSync(file)) return false;
  const content = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = content.indexOf(begin);
  const to = content.indexOf(end, from);
  if (from === -1 || to === -1) return false;
  writeFileSync(file, `${content.slice(0, from + begin.length)}\n\n${text}\n\n${content.slice(to)}`);
  return true;
}

/** Likewise, for a file that must have the marks. @throws {Error} when it does not */
export function writeSection(file: string, name: string, text: string): void {
  if (!replaceSection(file, name, text))
    throw new Error(
      `${file} has no part between <!-- ${name} --> and <!-- /${name} -->: add both lines where it belongs`,
    );
}
