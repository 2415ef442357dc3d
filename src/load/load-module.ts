import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringProperty } from '../base/describe-error';
import { nodeRequire } from '../base/own-folder';
import { LoadError } from './load-error';
import { registerTypeScript } from './register-typescript';

/**
 * Loads a module and gives its exports: CommonJS, TypeScript, JSON, or an ES module without top-level `await`.
 *
 * @param path relative to the working folder
 * @throws {LoadError} when the file does not exist or compile, or uses top-level `await`; otherwise the error of the module
 */
export function loadModule(path: string): unknown {
  const file = resolve(path);
  try {
    return requireFile(file);
  } catch (error) {
    throw explain(error, file);
  }
}

/** Does the same as {@link loadModule}, also for ES modules with top-level `await`. */
export async function importModule(path: string): Promise<unknown> {
  const file = resolve(path);
  try {
    return requireFile(file);
  } catch (error) {
    if (!hasToBeAwaited(error) || !isJavaScript(file)) throw explain(error, file);
  }
  try {
    return await import(/* webpackIgnore: true */ pathToFileURL(file).href);
  } catch (error) {
    throw explain(error, file);
  }
}

function requireFile(file: string): unknown {
  if (!isJavaScript(file) && !file.endsWith('.json')) registerTypeScript();
  return nodeRequire(file);
}

function isJavaScript(file: string): boolean {
  return /\.[cm]?js$/.test(file);
}

function hasToBeAwaited(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_REQUIRE_ASYNC_MODULE';
}

function explain(error: unknown, file: string): unknown {
  if (hasToBeAwaited(error))
    return new LoadError(
      file,
      'it is, or imports, an ES module with await outside of functions, which cannot be loaded here; move that into a function',
      error,
    );
  if (stringProperty(error, 'message')?.startsWith(`Cannot find module '${file}'`))
    return new LoadError(file, 'the file does not exist', error);
  return error;
}
