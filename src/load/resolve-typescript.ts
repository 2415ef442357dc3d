import { existsSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type CompilerOptions, compilerOptionsOf } from './tsconfig';

const sourceEndings: Readonly<Record<string, readonly string[]>> = {
  js: ['.ts', '.tsx'],
  jsx: ['.tsx'],
  mjs: ['.mts'],
  cjs: ['.cts'],
};
const folderFiles = ['/index.ts', '/index.tsx'];
const anyFiles = ['', '.ts', '.tsx', ...folderFiles];

/** The file that an import in a TypeScript file refers to, where Node would resolve another one or none. */
export function resolveTypeScript(request: string, importer: string): string | undefined {
  const folder = dirname(importer);
  if (/^\.\.?(?:[\\/]|$)/.test(request) || isAbsolute(request)) return findSource(resolve(folder, request), request);
  if (isBuiltin(request)) return undefined;
  for (const path of mapPaths(request, compilerOptionsOf(folder))) {
    const file = findSource(path, path) ?? findFirstFile(path, ['', '.js', '/index.js']);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The TypeScript file for the path of its JavaScript output, for a path without extension, or for a folder. */
function findSource(path: string, request: string): string | undefined {
  const [, stem, ending] = /^(.*)\.([cm]?js|jsx)$/s.exec(path) ?? [];
  if (stem !== undefined) return findFirstFile(stem, sourceEndings[ending!]!);
  return findFirstFile(path, /(?:^|[\\/])\.{0,2}$/.test(request) ? folderFiles : anyFiles);
}

function findFirstFile(path: string, endings: readonly string[]): string | undefined {
  return endings.map((ending) => path + ending).find((file) => existsSync(file) && statSync(file).isFile());
}

/** The paths for a name by `paths` and `baseUrl` of the tsconfig.json. */
function mapPaths(request: string, { paths = {}, baseUrl, pathsFolder = '', configFolder = '' }: CompilerOptions) {
  const found: string[] = [];
  const pattern = bestPattern(request, Object.keys(paths));
  if (pattern !== undefined) {
    const [start, end] = pattern.split('*') as [string, string?];
    const star = request.slice(start.length, request.length - (end?.length ?? 0));
    for (const target of paths[pattern]!) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how tsconfig.json writes it.
      const path = target.replace('${configDir}', () => configFolder).replace('*', () => star);
      found.push(resolve(baseUrl ?? pathsFolder, path));
    }
  }
  if (baseUrl !== undefined) found.push(resolve(baseUrl, request));
  return found;
}

/** The pattern equal to the name, or else the one with the longest part before its `*`. */
function bestPattern(request: string, patterns: readonly string[]): string | undefined {
  if (patterns.includes(request)) return request;
  let best: string | undefined;
  for (const pattern of patterns) {
    const [start, end] = pattern.split('*') as [string, string?];
    const fits =
      end !== undefined &&
      request.length >= start.length + end.length &&
      request.startsWith(start) &&
      request.endsWith(end);
    if (fits && (best === undefined || start.length > best.indexOf('*'))) best = pattern;
  }
  return best;
}
