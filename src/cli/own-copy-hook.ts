import Module = require('node:module');

import { pathToFileURL } from 'node:url';

// Loaded by the command line, and by the workers that it starts (`node -r`): makes 'tidemark' this very copy.
const own = require.resolve('../index');

interface Hooks {
  readonly registerHooks?: (hooks: {
    resolve(request: string, context: unknown, next: (request: string, context: unknown) => unknown): unknown;
  }) => void;
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

const loader = Module as unknown as Hooks;
const resolveFilename = loader._resolveFilename;
loader._resolveFilename = function (request, ...rest) {
  return request === 'tidemark' ? own : resolveFilename.call(this, request, ...rest);
};

const { href } = pathToFileURL(own);
if (loader.registerHooks) {
  loader.registerHooks({
    resolve: (request, context, next) =>
      request === 'tidemark' ? { url: href, format: 'commonjs', shortCircuit: true } : next(request, context),
  });
} else {
  const code = `
    let own;
    export function initialize(href) { own = href; }
    export function resolve(request, context, next) {
      return request === 'tidemark' ? { url: own, format: 'commonjs', shortCircuit: true } : next(request, context);
    }`;
  Module.register(`data:text/javascript,${encodeURIComponent(code)}`, {
    parentURL: pathToFileURL(__filename).href,
    data: href,
  });
}
