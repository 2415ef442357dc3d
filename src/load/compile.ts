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
 * A TypeScript file as CommonJS, with decorator metadata and an inline source map.
 *
 * @throws {LoadError} when it cannot be compiled
 */
export function compile(swc: Swc, filename: string): string {
  const { code, map = '' } = transform(swc, filename);
  if (hasTopLevelAwait(code))
    throw new LoadError(filename, 'it uses await outside of functions; put that into a function');
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

/** The compiler that is installed beside a file, or beside Tidemark; undefined when there is none. */
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
/** What the compiler writes for the type of a property or parameter. */
const typeReadPattern = new RegExp(
  `(?<=[,[]\\s*)(?:typeof ${namePattern} === "undefined" \\|\\| )*typeof (${namePattern}) === "undefined" \\? Object : \\1(?=\\s*[,)\\]])`,
  'gu',
);
const readTypeHelper = 'function __tidemarkType(read) { try { return read() ?? Object; } catch { return Object; } }';

/**
 * Files that import each other see classes that are not there yet: as a type, such a class is `Object`, as tsc has
 * it, and no ReferenceError. Line numbers stay as they are.
 */
function deferTypeReads(code: string): string {
  if (!code.includes('_ts_metadata("design:')) return code;
  return `${code.replace(typeReadPattern, (_, type) => `__tidemarkType(()=>${type})`)}\n${readTypeHelper}`;
}

/** Whether code is only right for an ES module; Node would load it as one. In a static block, too, `await` is no name. */
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

/** The compiler's message: what is wrong, and the lines where. */
function withoutBacktrace({ message }: Error): string {
  return message.replace(/\s*\nCaused by:.*/s, '').replace(/^\s*[x×]\s*/, '');
}

/**
 * How a file is compiled: to CommonJS that every supported Node runs as it is, whatever `target` is; that says
 * only how class fields behave. Decorators are the legacy ones, with metadata, unless the tsconfig.json says no.
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

/** Fields are defined from ES2022 on, and assigned before. */
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
