import { readFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { Script } from 'node:vm';
import type { Options, Output, ReactConfig } from '@swc/core';
import { nodeRequire, ownFolder } from '../base/own-folder';
import { LoadError } from './load-error';
import { type CompilerOptions, compilerOptionsOf } from './tsconfig';

type Swc = typeof import('@swc/core');

let loadedSwc: Swc | undefined;

/**
 * Compiles a TypeScript file to CommonJS, with decorator metadata and an inline source map.
 *
 * @throws {LoadError} when it cannot be compiled
 */
export function compile(swc: Swc, filename: string): string {
  const { code, map = '' } = transform(swc, filename);
  if (hasTopLevelAwait(code))
    throw new LoadError(filename, 'it uses await outside of functions; move that into a function');
  const inlineMap = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`;
  return `${deferTypeReads(code)}\n${inlineMap}\n`;
}

function transform(swc: Swc, filename: string): Output {
  const options = swcOptions(filename, compilerOptionsOf(dirname(filename)));
  try {
    return swc.transformSync(readFileSync(filename, 'utf8'), options);
  } catch (cause) {
    throw new LoadError(filename, withoutBacktrace(cause as Error), cause);
  }
}

/** The compiler, resolved from a file or from Tidemark; undefined when it is not installed. */
export function findSwc(filename: string): Swc | undefined {
  if (loadedSwc) return loadedSwc;
  let path: string;
  try {
    path = nodeRequire.resolve('@swc/core', { paths: [dirname(filename), ownFolder ?? process.cwd()] });
  } catch {
    return undefined;
  }
  try {
    loadedSwc = nodeRequire(path) as Swc;
    return loadedSwc;
  } catch (cause) {
    throw new LoadError(filename, `@swc/core, which compiles it, cannot be loaded: ${(cause as Error).message}`, cause);
  }
}

const namePattern = '[\\p{ID_Continue}$.]+';
/** The output of the compiler for the type of a property or parameter. */
const typeReadPattern = new RegExp(
  `(?<=[,[]\\s*)(?:typeof ${namePattern} === "undefined" \\|\\| )*typeof (${namePattern}) === "undefined" \\? Object : \\1(?=\\s*[,)\\]])`,
  'gu',
);
const readTypeHelper = 'function __tidemarkType(read) { try { return read() ?? Object; } catch { return Object; } }';

/**
 * Reads types through a function. With circular imports a class may not be initialized yet: its type is then `Object`,
 * as with tsc, instead of a ReferenceError. Keeps line numbers.
 */
function deferTypeReads(code: string): string {
  if (!code.includes('_ts_metadata("design:')) return code;
  return `${code.replace(typeReadPattern, (_, type) => `__tidemarkType(()=>${type})`)}\n${readTypeHelper}`;
}

/** Whether code is valid only in an ES module, which Node would load it as. Like there, `await` is a keyword in a static block. */
function hasTopLevelAwait(code: string): boolean {
  return (
    code.includes('await') &&
    !compiles(`class Module { static { ${code}\n } }`) &&
    compiles(`class Module { static { async () => { ${code}\n } } }`)
  );
}

function compiles(code: string): boolean {
  try {
    return Boolean(new Script(code));
  } catch {
    return false;
  }
}

/** The compiler's message with the problem and its lines, without the backtrace. */
function withoutBacktrace({ message }: Error): string {
  return message.replace(/\s*\nCaused by:.*/s, '').replace(/^\s*[x×]\s*/, '');
}

/**
 * Options that compile a file to CommonJS for every supported Node. The `target` of the tsconfig.json only decides how
 * class fields behave. Decorators are the legacy ones, with metadata, unless the tsconfig.json disables them.
 */
function swcOptions(filename: string, options: CompilerOptions): Options {
  const { experimentalDecorators = true, emitDecoratorMetadata = true, verbatimModuleSyntax = false } = options;
  return {
    filename,
    swcrc: false,
    configFile: false,
    jsc: {
      parser: { syntax: 'typescript', decorators: true, tsx: extname(filename) === '.tsx' },
      transform: {
        legacyDecorator: experimentalDecorators,
        decoratorMetadata: experimentalDecorators && emitDecoratorMetadata,
        ...(!experimentalDecorators && { decoratorVersion: '2022-03' as const }),
        useDefineForClassFields: options.useDefineForClassFields ?? definesFields(options.target),
        verbatimModuleSyntax,
        react: reactOptions(options),
      },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'commonjs', importInterop: options.esModuleInterop === false ? 'none' : 'swc' },
    sourceMaps: true,
  };
}

/** Whether class fields are defined, as from ES2022 on, or assigned. */
function definesFields(target = 'esnext'): boolean {
  const name = target.toLowerCase();
  const year = name === 'esnext' ? Number.POSITIVE_INFINITY : Number(/^es(\d{4})$/.exec(name)?.[1] ?? 0);
  return year >= 2022;
}

function reactOptions({ jsx, jsxFactory, jsxFragmentFactory, jsxImportSource }: CompilerOptions): ReactConfig {
  if (jsx === 'react')
    return {
      runtime: 'classic',
      pragma: jsxFactory ?? 'React.createElement',
      pragmaFrag: jsxFragmentFactory ?? 'React.Fragment',
    };
  return { runtime: 'automatic', importSource: jsxImportSource ?? 'react', development: jsx === 'react-jsxdev' };
}
