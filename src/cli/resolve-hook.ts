import Module from 'node:module';
import { pathToFileURL } from 'node:url';
import { ownFile } from '../base/own-folder';

// Loaded by the command line, and with `node -r` by its workers: resolves 'tidemark' to this copy of the package.
const own = new Map([
  ['tidemark', ownFile('entry/index')!],
  ['tidemark/bullmq', ownFile('entry/bullmq')!],
  ['tidemark/extend', ownFile('entry/extend')!],
  ['tidemark/report', ownFile('entry/report')!],
  ['tidemark/testing', ownFile('entry/testing')!],
]);

interface Hooks {
  readonly registerHooks?: (hooks: {
    resolve(request: string, context: unknown, next: (request: string, context: unknown) => unknown): unknown;
  }) => void;
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

const loader = Module as unknown as Hooks;
const resolveFilename = loader._resolveFilename;
loader._resolveFilename = function (request, ...rest) {
  return own.get(request) ?? resolveFilename.call(this, request, ...rest);
};

const urls = new Map(Array.from(own, ([name, file]) => [name, pathToFileURL(file).href]));
if (loader.registerHooks) {
  loader.registerHooks({
    resolve(request, context, next) {
      const url = urls.get(request);
      return url === undefined ? next(request, context) : { url, format: 'commonjs', shortCircuit: true };
    },
  });
} else {
  const code = `
    let own;
    export function initialize(urls) { own = urls; }
    export function resolve(request, context, next) {
      const url = own.get(request);
      return url === undefined ? next(request, context) : { url, format: 'commonjs', shortCircuit: true };
    }`;
  Module.register(`data:text/javascript,${encodeURIComponent(code)}`, {
    parentURL: pathToFileURL(__filename).href,
    data: urls,
  });
}
