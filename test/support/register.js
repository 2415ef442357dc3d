// Runs TypeScript, with decorator metadata, in a separate process: `node -r <this file> fixture.ts`.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { threadId } = require('node:worker_threads');
const swcVersion = require('@swc/core/package.json').version;
const swcOptions = require('./swc-options.json');

const source = path.resolve(__dirname, '../../src');
const cache = path.join(tmpdir(), `tidemark-swc-${process.getuid?.() ?? 0}`);
const settings = `${swcVersion}\n${JSON.stringify(swcOptions)}`;

process.setSourceMapsEnabled(true);

/** The module as JavaScript. Loads @swc/core only on a cache miss, since that takes longer than most fixtures. */
function compile(filename) {
  const code = readFileSync(filename, 'utf8');
  const digest = createHash('sha256').update(`${settings}\n${filename}\n${code}`).digest('hex');
  const cached = path.join(cache, `${digest}.js`);
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    const { transformSync } = require('@swc/core');
    const compiled = transformSync(code, { ...swcOptions, filename, swcrc: false, configFile: false }).code;
    const unfinished = `${cached}.${process.pid}.${threadId}`;
    mkdirSync(cache, { recursive: true });
    writeFileSync(unfinished, compiled);
    renameSync(unfinished, cached);
    return compiled;
  }
}

require.extensions['.ts'] = (module, filename) => module._compile(compile(filename), filename);

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const entry = /^tidemark(?:\/(\w+))?$/.exec(request);
  if (entry) return path.join(source, `entry/${entry[1] ?? 'index'}.ts`);
  try {
    return resolveFilename.call(this, request, ...rest);
  } catch (error) {
    if (!/^\.{1,2}\/.*\.js$/.test(request)) throw error;
    return resolveFilename.call(this, request.replace(/\.js$/, '.ts'), ...rest);
  }
};
