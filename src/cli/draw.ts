import { statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import type { GraphPicture } from '../report/picture';
import { UsageError } from './errors';

/** Checks the path of an output file before anything runs. @throws {UsageError} for a missing folder, or a path that is a folder */
export function checkOutputFile(file: string): void {
  const path = resolve(file);
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`cannot write ${file}: the folder ${folder} does not exist`);
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

/** The format for the extension of a file. @throws {UsageError} for an unknown extension */
export function formatOfFile(file: string): Format {
  const format = formatByExtension[extname(file).toLowerCase()];
  if (format) return format;
  throw new UsageError(`${file} has no known extension: ${Object.keys(formatByExtension).join(', ')}`);
}

/** Draws a picture in a format. */
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
