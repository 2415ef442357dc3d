import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import type { Output } from '@swc/core';
import { nodeRequire } from '../base/node-require';
import { ownFolder } from '../base/own-folder';
import { LoadError } from './load-error';
import { swcOptions } from './swc-options';
import { compilerOptionsOf } from './tsconfig';

type Swc = typeof import('@swc/core');

let loaded: Swc | undefined;

/**
 * A TypeScript file as CommonJS, with decorator metadata and an inline source map.
 *
 * @throws {LoadError} when it cannot be compiled
 */
export function compile(swc: Swc, filename: string): string {
  const { code, map = '' } = transform(swc, filename);
  if (awaitsOutside(code))
    throw new LoadError(filename, 'it uses await outside of functions; put that into a function');
  const inlineMap = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`;
  return `${readTypesLate(code)}\n${inlineMap}\n`;
}

function transform(swc: Swc, filename: string): Output {
  const options = swcOptions(filename, compilerOptionsOf(dirname(filename)));
  try {
    return swc.transformSync(readFileSync(filename, 'utf8'), options);
  } catch (cause) {
    throw new LoadError(filename, withoutBacktrace(cause as Error), cause);
  }
}

/** The compiler that is installed beside a file, or beside Tidemark; undefined when there is none. */
export function findSwc(filename: string): Swc | undefined {
  if (loaded) return loaded;
  let path: string;
  try {
    path = nodeRequire.resolve('@swc/core', { paths: [dirname(filename), ownFolder ?? process.cwd()] });
  } catch {
    return undefined;
  }
  try {
    loaded = nodeRequire(path) as Swc;
    return loaded;
  } catch (cause) {
    throw new LoadError(filename, `@swc/core, which compiles it, cannot be loaded: ${(cause as Error).message}`, cause);
  }
}

const name = '[\\p{ID_Continue}$.]+';
/** What the compiler writes for the type of a property or parameter. */
const typeRead = new RegExp(
  `(?<=[,[]\\s*)(?:typeof ${name} === "undefined" \\|\\| )*typeof (${name}) === "undefined" \\? Object : \\1(?=\\s*[,)\\]])`,
  'gu',
);
const readType = 'function __tidemarkType(read) { try { return read() ?? Object; } catch { return Object; } }';

/**
 * Files that import each other see classes that are not there yet: as a type, such a class is `Object`, as tsc has
 * it, and no ReferenceError. Line numbers stay as they are.
 */
function readTypesLate(code: string): string {
  if (!code.includes('_ts_metadata("design:')) return code;
  return `${code.replace(typeRead, (_, type) => `__tidemarkType(()=>${type})`)}\n${readType}`;
}

/** Whether code is only right for an ES module; Node would load it as one. In a static block, too, `await` is no name. */
function awaitsOutside(code: string): boolean {
  return (
    code.includes('await') &&
    !isRight(`class Module { static { ${code}\n } }`) &&
    isRight(`class Module { static { async () => { ${code}\n } } }`)
  );
}

function isRight(code: string): boolean {
  try {
    return Boolean(new Script(code));
  } catch {
    return false;
  }
}

/** The compiler's message: what is wrong, and the lines where. */
function withoutBacktrace({ message }: Error): string {
  return message.replace(/\s*\nCaused by:.*/s, '').replace(/^\s*[x×]\s*/, '');
}
