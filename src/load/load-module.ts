import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringProperty } from '../base/describe-error';
import { nodeRequire } from '../base/own-folder';
import { LoadError } from './load-error';
import { registerTypeScript } from './register-typescript';

/**
 * What a module exports: CommonJS, TypeScript, JSON, or an ES module without `await` at its top level.
 *
 * @param path relative to the working folder
 * @throws {LoadError} when it is not there, does not compile or has to be awaited; else what the module throws
 */
export function loadModule(path: string): unknown {
  const file = resolve(path);
  try {
    return requireFile(file);
  } catch (error) {
    throw explain(error, file);
  }
}

/** Like {@link loadModule}, for ES modules with `await` at their top level too. */
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
      'it is, or imports, an ES module with await outside of functions, which cannot be loaded here; put that into a function',
      error,
    );
  if (stringProperty(error, 'message')?.startsWith(`Cannot find module '${file}'`))
    return new LoadError(file, 'there is no such file', error);
  return error;
}
