import { extname } from 'node:path';
import type { Options, ReactConfig } from '@swc/core';
import type { CompilerOptions } from './tsconfig';

/**
 * How a file is compiled: to CommonJS that every supported Node runs as it is, whatever `target` is; that says
 * only how class fields behave. Decorators are the legacy ones, with metadata, unless the tsconfig.json says no.
 */
export function swcOptions(filename: string, options: CompilerOptions): Options {
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
