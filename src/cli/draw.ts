import { statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import type { GraphPicture } from '../report/picture';
import { UsageError } from './errors';

/** Checks, before anything runs, that a file can be written. @throws {Misuse} when its folder is not there, or it is one */
export function checkOutputFile(file: string): void {
  const path = resolve(file);
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`cannot write ${file}: there is no folder ${folder}`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`cannot write ${file}: it is a folder`);
}

export const formats = ['mermaid', 'dot', 'svg', 'html', 'json'] as const;
export type Format = (typeof formats)[number];

const formatByExtension: Readonly<Record<string, Format>> = {
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
export function formatOfFile(file: string): Format {
  const format = formatByExtension[extname(file).toLowerCase()];
  if (format) return format;
  throw new UsageError(`${file} ends with no known format: ${Object.keys(formatByExtension).join(', ')}`);
}

/** A picture as text. */
export async function drawPicture(picture: GraphPicture, format: Format): Promise<string> {
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
