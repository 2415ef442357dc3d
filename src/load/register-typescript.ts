import { isInstance } from '../base/describe-error';

import Module = require('node:module');

import { nodeRequire } from '../base/own-folder';
import { compile, findSwc } from './compile';
import { LoadError } from './load-error';
import { resolveTypeScript } from './resolve-typescript';

type Load = (module: NodeJS.Module, filename: string) => unknown;

/** The parts of Node's loader that hooks of this kind replace. */
interface Loader {
  _resolveFilename(
    request: string,
    parent: NodeJS.Module | undefined,
    isMain: boolean,
    options?: { readonly paths?: readonly string[] },
  ): string;
}

const endings = ['.ts', '.tsx', '.cts', '.mts'];

/**
 * Lets `require` load TypeScript, with legacy decorators and their metadata, compiled by @swc/core. Nothing is loaded
 * before the first TypeScript file is. Does nothing when that is taken care of: by an earlier call, by a test runner,
 * or by a loader that the program was started with, such as tsx, since two of them would give two copies of a class.
 *
 * @example
 * registerTypeScript();
 * const { TrainModel } = require('./tasks.ts');
 */
export function registerTypeScript(): void {
  const { extensions } = nodeRequire;
  const loadJavaScript = extensions?.['.js'] as Load | undefined;
  // Jest's `require` has no extensions: it compiles what it loads.
  if (!loadJavaScript || extensions['.ts']) return;

  const loadTypeScript: Load = (module, filename) =>
    isInPackage(filename) ? loadJavaScript(module, filename) : compileAndRun(module, filename, loadJavaScript);
  for (const ending of endings) extensions[ending] = loadTypeScript;
  process.setSourceMapsEnabled(true);

  const loader = Module as unknown as Loader;
  const resolveFilename = loader._resolveFilename;
  loader._resolveFilename = function (request, parent, isMain, options) {
    const importer = options?.paths ? undefined : parent?.filename;
    const file = importer != null && isTypeScript(importer) ? resolveTypeScript(request, importer) : undefined;
    return resolveFilename.call(this, file ?? request, parent, isMain, options);
  };
}

function compileAndRun(module: NodeJS.Module, filename: string, loadJavaScript: Load): void {
  const swc = findSwc(filename);
  if (swc) {
    (module as any)._compile(compile(swc, filename), filename, 'commonjs');
  } else if ((process.features as { typescript?: unknown }).typescript) {
    stripTypes(module, filename, loadJavaScript);
  } else {
    throw missingCompiler(filename);
  }
}

/** Newer versions of Node strip types themselves, which is enough for files without decorators and the like. */
function stripTypes(module: NodeJS.Module, filename: string, loadJavaScript: Load): void {
  try {
    loadJavaScript(module, filename);
  } catch (error) {
    throw isInstance(error, SyntaxError) ? missingCompiler(filename, error) : error;
  }
}

function missingCompiler(filename: string, cause?: unknown): LoadError {
  const cure = 'TypeScript is compiled by @swc/core; install it with `npm install --save-dev @swc/core`';
  return new LoadError(filename, cure, cause);
}

function isTypeScript(filename: string): boolean {
  return /\.(?:[cm]?ts|tsx)$/.test(filename) && !isInPackage(filename);
}

/** Packages are taken as they are published. */
function isInPackage(filename: string): boolean {
  return /[\\/]node_modules[\\/]/.test(filename);
}
