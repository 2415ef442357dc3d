import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { nodeRequire } from '../base/own-folder';
import { LoadError } from './load-error';

/** The compiler options that affect how a file runs. */
export interface CompilerOptions {
  readonly target?: string;
  readonly experimentalDecorators?: boolean;
  readonly emitDecoratorMetadata?: boolean;
  readonly useDefineForClassFields?: boolean;
  readonly verbatimModuleSyntax?: boolean;
  readonly esModuleInterop?: boolean;
  readonly jsx?: string;
  readonly jsxFactory?: string;
  readonly jsxFragmentFactory?: string;
  readonly jsxImportSource?: string;
  /** An absolute path. */
  readonly baseUrl?: string;
  readonly paths?: Readonly<Record<string, readonly string[]>>;
  /** The folder that `paths` are relative to when there is no `baseUrl`. */
  readonly pathsFolder?: string;
  /** The folder of the tsconfig.json itself. */
  readonly configFolder?: string;
}

const cache = new Map<string, CompilerOptions>();

/**
 * The compiler options for the files of a folder, from the nearest tsconfig.json and the files that it extends.
 *
 * @throws {LoadError} when it cannot be read
 */
export function compilerOptionsOf(folder: string): CompilerOptions {
  let options = cache.get(folder);
  if (!options) {
    options = findOptions(folder);
    cache.set(folder, options);
  }
  return options;
}

function findOptions(folder: string): CompilerOptions {
  const file = join(folder, 'tsconfig.json');
  if (existsSync(file)) return { ...readOptions(file, []), configFolder: folder };
  const parent = dirname(folder);
  return parent === folder ? {} : compilerOptionsOf(parent);
}

function readOptions(file: string, extendedBy: readonly string[]): CompilerOptions {
  if (extendedBy.includes(file)) throw new LoadError(file, `it extends itself: ${[...extendedBy, file].join(' -> ')}`);
  const { extends: bases = [], compilerOptions = {} } = parseTsconfig(file);
  const folder = dirname(file);
  return Object.assign(
    {},
    ...[bases].flat().map((base) => readOptions(resolveBase(base, file), [...extendedBy, file])),
    compilerOptions,
    compilerOptions.baseUrl && { baseUrl: resolve(folder, compilerOptions.baseUrl) },
    compilerOptions.paths && { pathsFolder: folder },
  );
}

interface TsconfigFile {
  readonly extends?: string | readonly string[];
  readonly compilerOptions?: CompilerOptions;
}

const stringPattern = '("(?:\\\\.|[^"\\\\])*")';
const comments = new RegExp(`${stringPattern}|//.*|/\\*[\\s\\S]*?\\*/`, 'g');
const trailingCommas = new RegExp(`${stringPattern}|,(?=\\s*[\\]}])`, 'g');

/** Parses a tsconfig.json, which may have comments and trailing commas, or be empty. */
function parseTsconfig(file: string): TsconfigFile {
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    const json = text.replace(comments, '$1').replace(trailingCommas, '$1');
    return json.trim() === '' ? {} : (JSON.parse(json) as TsconfigFile);
  } catch (cause) {
    throw new LoadError(file, (cause as Error).message, cause);
  }
}

/** The file that `extends` names: by a relative path or in a package, with or without `.json` or `tsconfig.json`. */
function resolveBase(base: string, file: string): string {
  const folder = dirname(file);
  const name = /^\.\.?(?:[\\/]|$)/.test(base) ? resolve(folder, base) : base;
  const names = name.endsWith('.json') ? [name] : [`${name}.json`, `${name}/tsconfig.json`, name];
  for (const each of names) {
    try {
      return nodeRequire.resolve(each, { paths: [folder] });
    } catch {
      // The next one may exist.
    }
  }
  throw new LoadError(file, `it extends '${base}', which does not exist`);
}
