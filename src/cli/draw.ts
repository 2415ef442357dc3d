import { extname } from 'node:path';
import type { GraphPicture } from '../report/picture';
import { Misuse } from './misuse';

export const formats = ['mermaid', 'dot', 'svg', 'html', 'json'] as const;
export type Format = (typeof formats)[number];

const byEnding: Readonly<Record<string, Format>> = {
  '.mmd': 'mermaid',
  '.md': 'mermaid',
  '.mermaid': 'mermaid',
  '.dot': 'dot',
  '.gv': 'dot',
  '.svg': 'svg',
  '.html': 'html',
  '.json': 'json',
};

/** The format that a file's ending says. @throws {Misuse} when it says none */
export function formatOf(file: string): Format {
  const format = byEnding[extname(file).toLowerCase()];
  if (format) return format;
  throw new Misuse(`${file} ends with no known format: ${Object.keys(byEnding).join(', ')}`);
}

/** A picture as text. */
export async function draw(picture: GraphPicture, format: Format): Promise<string> {
  const { toDot, toHtml, toJson, toMermaid, toSvg } =
    require('../report/formats') as typeof import('../report/formats');
  switch (format) {
    case 'mermaid':
      return toMermaid(picture);
    case 'dot':
      return toDot(picture);
    case 'svg':
      return toSvg(picture);
    case 'html':
      return toHtml(picture);
    case 'json':
      return toJson(picture);
    default:
      return format satisfies never;
  }
}
