// Builds the package into dist: CommonJS by rollup, an ES module beside each entry point, and types for both.
//
// `require('./file')` within a function loads a part when it is needed, and still does in dist: rollup is told of it as
// of `import()`, which it splits code by, and writes `require` back. ES modules cannot load synchronously, so those of the
// entry points export the very same CommonJS files; a program that uses both has one copy of the package.
//
// node scripts/build.mjs [--js]     --js leaves out the types, which take nearly all of the time
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const root = path.resolve(import.meta.dirname, '..');
const [source, dist] = ['src', 'dist'].map((name) => path.join(root, name));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/').replace(/\.ts$/, ''));
const entryPoints = files.filter((file) => file.startsWith('entry/'));

/** Files that the package starts by their path, such as workers: named by `ownFile('…')`. They keep their path in dist. */
const ownFiles = files.flatMap((file) =>
  Array.from(read(file).matchAll(/\bownFile\(\s*'([^']+)'/g), ([, name]) => name),
);
/** Tells by its name that it is no part of a program's bundle, so it stays a file of its own. */
const ownFolder = 'base/own-folder';

function read(file) {
  return readFileSync(path.join(source, `${file}.ts`), 'utf8');
}

function inputOf(names) {
  return Object.fromEntries(names.map((name) => [name, path.join(source, `${name}.ts`)]));
}

/** Files of the package are part of the build, all else is found where it runs. */
const external = (id) => !id.startsWith('.') && !path.isAbsolute(id);

/** What rollup writes for a part that is in the file that loads it. */
const wasLazy = /Promise\.resolve\(\)\.then\(\(\) => ([\w$]+)\)/;

/** Compiles TypeScript, and shows rollup what is loaded when it is needed. */
const typeScript = {
  name: 'typescript',
  resolveId(id, importer) {
    if (id.startsWith('.') && importer) return `${path.resolve(path.dirname(importer), id)}.ts`;
    return undefined;
  },
  transform(code, id) {
    if (wasLazy.test(code)) throw new Error(`${id} has code that looks like what rollup makes of a part`);
    const { code: javaScript } = transformSync(code, {
      loader: 'ts',
      target: 'node20',
      sourcefile: id,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: true } },
    });
    return {
      code: javaScript
        .replaceAll(/\brequire\("[./]+\/package\.json"\)/g, JSON.stringify({ version }))
        .replaceAll(/\brequire\("(\.[^"]*)"\)/g, 'import("$1")'),
      map: null,
    };
  },
  renderDynamicImport: ({ targetModuleId }) => targetModuleId && { left: 'require(', right: ')' },
  // Of a file that holds several parts, each is a property; a part of the file itself is a variable.
  renderChunk: (code) =>
    code
      .replaceAll(/(require\('[^']+'\))\.then\(n => n\.([\w$]+)\)/g, '$1.$2')
      .replaceAll(new RegExp(wasLazy, 'g'), '$1'),
};

/**
 * What is loaded when it is needed makes a file of dist for each of these folders, the first that fits. All else is
 * divided by what is loaded together.
 */
const parts = [
  ['report/progress', 'progress'],
  ['report', 'pictures'],
  ['executors/bullmq', 'bullmq'],
  ['executors', 'pool'],
  ['redis', 'redis'],
  ['storage/stores/file', 'files'],
  ['storage/stores/keyv', 'keyv'],
  ['storage/stores/lmdb', 'lmdb'],
  ['storage/stores/redis', 'redis'],
  ['storage', 'leases'],
  ['encoding', 'encoding'],
  ['run', 'engine'],
];

/** Gives each file of the source its file of dist. */
function division() {
  /** What each file that is loaded by itself brings, by its name. */
  let brings;
  const nameOf = (id) => path.relative(source, id).replaceAll('\\', '/').replace(/\.ts$/, '');
  const partOf = (name) => parts.find(([folder]) => `${name}/`.startsWith(`${folder}/`))?.[1] ?? name;
  return (id, { getModuleIds, getModuleInfo }) => {
    brings ??= new Map(
      Array.from(getModuleIds(), getModuleInfo)
        .filter(({ isEntry, dynamicImporters }) => isEntry || dynamicImporters.length > 0)
        .map(({ id }) => [nameOf(id), withImports(id, getModuleInfo)]),
    );
    const name = nameOf(id);
    if (name === ownFolder) return name;
    if (entryPoints.includes(name) || ownFiles.includes(name)) return undefined;
    const loadedBy = Array.from(brings.keys()).filter((root) => brings.get(root).has(id));
    // An import of the package loads these, `tidemark --version` the first of them only.
    if (loadedBy.includes('entry/index')) return loadedBy.includes('cli/output') ? 'base' : 'core';
    const loadedWith = new Set(loadedBy.map(partOf));
    if (loadedWith.size === 1) return parts.find(([, part]) => loadedWith.has(part))?.[1];
    return loadedWith.has('engine') ? 'shared' : undefined;
  };
}

function withImports(id, getModuleInfo, found = new Set()) {
  if (found.has(id) || external(id)) return found;
  found.add(id);
  for (const imported of getModuleInfo(id).importedIds) withImports(imported, getModuleInfo, found);
  return found;
}

async function buildJavaScript() {
  const bundle = await rollup({
    input: inputOf([...entryPoints, 'cli/main', ...new Set(ownFiles)]),
    external,
    plugins: [typeScript],
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  const { output } = await bundle.write({
    dir: dist,
    format: 'cjs',
    esModule: true,
    freeze: false,
    generatedCode: { preset: 'es2015', symbols: false },
    hoistTransitiveImports: false,
    interop: 'auto',
    entryFileNames: '[name].js',
    chunkFileNames: ({ name }) => (name === ownFolder ? '[name].js' : 'parts/[name].js'),
    manualChunks: division(),
    onlyExplicitManualChunks: true,
  });
  await bundle.close();
  for (const { name, exports } of output.filter(({ isEntry, name }) => isEntry && entryPoints.includes(name)))
    write(`${name}.mjs`, `export { ${exports.join(', ')} } from './${path.basename(name)}.js';\n`);
  return output;
}

async function buildTypes() {
  const bundle = await rollup({
    input: inputOf(entryPoints),
    external,
    // Types that only the signatures of others name have no export of their own.
    onLog: (level, log, show) => /private shared type exports/.test(log.message) || show(level, log),
    plugins: [dts({ tsconfig: path.join(root, 'tsconfig.build.json') })],
  });
  await bundle.write({
    dir: dist,
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'types/[name].d.ts',
    // Of programs that are compiled for an earlier library.
    banner: ({ name }) => (name === 'entry/index' ? '/// <reference lib="esnext.disposable" />' : ''),
  });
  await bundle.close();
  for (const name of entryPoints) write(`${name}.d.mts`, `export * from './${path.basename(name)}.js';\n`);
}

function write(file, text) {
  writeFileSync(path.join(dist, file), text);
}

rmSync(dist, { recursive: true, force: true });
await buildJavaScript();
if (!process.argv.includes('--js')) await buildTypes();
