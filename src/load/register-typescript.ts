import { isInstance } from '../base/describe-error';

import Module = require('node:module');

import { nodeRequire } from '../base/own-folder';
import { compile, findSwc } from './compile';
import { LoadError } from './load-error';
import { resolveTypeScript } from './resolve-typescript';

type Load = (module: NodeJS.Module, filename: string) => unknown;

/** The part of Node's loader that hooks replace. */
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
 * Makes `require` load TypeScript, with legacy decorators and their metadata, compiled by @swc/core, which is loaded with
 * the first TypeScript file. Does nothing when TypeScript is supported already: by an earlier call, a test runner, or a
 * loader such as tsx, since two loaders would create two copies of a class.
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

/** Newer versions of Node strip types, which suffices for files without decorators or other syntax to compile. */
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

/** Whether a file belongs to a package, which is loaded as published. */
function isInPackage(filename: string): boolean {
  return /[\\/]node_modules[\\/]/.test(filename);
}
