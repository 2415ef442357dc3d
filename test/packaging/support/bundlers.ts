import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import nodeResolve from '@rollup/plugin-node-resolve';
import { buildSync, transformSync } from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';

const root = resolve(__dirname, '../../..');

/** Makes `out/main.js` of `main.ts` in a folder that has the package in its node_modules; fails for a warning. */
export type Bundler = (folder: string) => Promise<void>;

export const bundlers: Readonly<Record<string, Bundler>> = {
  async esbuild(folder) {
    const { warnings } = buildSync({
      absWorkingDir: folder,
      entryPoints: ['main.ts'],
      outfile: 'out/main.js',
      bundle: true,
      platform: 'node',
      keepNames: true,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
  },

  async rollup(folder) {
    const bundle = await rollup({
      input: compiled(folder),
      plugins: [nodeResolve({ preferBuiltins: true }), commonjs(), json()],
      onLog(level, { code, message, ids = [] }) {
        // A part that is loaded when it is needed needs what loads it.
        const isLazy = code === 'CIRCULAR_DEPENDENCY' && ids.every((id) => id.startsWith(join(root, 'dist')));
        if (level === 'warn' && !isLazy && !/node_modules/.test(message)) throw new Error(message);
      },
    });
    await bundle.write({ file: join(folder, 'out/main.js'), format: 'cjs' });
    await bundle.close();
  },

  async webpack(folder) {
    const compiler = webpack({
      mode: 'production',
      optimization: { minimize: false },
      target: 'node20',
      context: folder,
      entry: compiled(folder),
      output: { path: join(folder, 'out'), filename: 'main.js' },
    });
    const stats = await new Promise<webpack.Stats>((done, fail) =>
      compiler!.run((error, result) => (error || !result ? fail(error) : done(result))),
    );
    expect(stats.toJson({ all: false, errors: true }).errors).toEqual([]);
    const { warnings = [] } = stats.toJson({ all: false, warnings: true });
    expect(
      warnings.filter(({ moduleName = '' }) => /dist/.test(moduleName) && !/node_modules/.test(moduleName)),
    ).toEqual([]);
  },

  async Bun(folder) {
    writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "experimentalDecorators": true } }');
    const bun = join(root, 'node_modules/.bin/bun');
    const args = ['build', 'main.ts', '--target=node', '--format=cjs', '--outfile=out/main.js'];
    execFileSync(bun, args, { cwd: folder, stdio: 'pipe' });
  },
};

/** The program as JavaScript with decorators applied, for bundlers that know no TypeScript. */
function compiled(folder: string): string {
  const { code } = transformSync(readFileSync(join(folder, 'main.ts'), 'utf8'), {
    loader: 'ts',
    target: 'node20',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  });
  writeFileSync(join(folder, 'main.mjs'), code);
  return join(folder, 'main.mjs');
}
