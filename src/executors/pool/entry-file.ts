import { ownFile } from '../../base/own-folder';
import { bundledWorker, type WorkerKind } from '../worker/bundled-worker';

/** What a worker starts with: a file, or, in a bundle, where there is no such file, code. */
export type WorkerEntry = { readonly file: string } | { readonly code: string };

/** @param modules the files that declare the tasks */
export function workerEntry(kind: WorkerKind, modules: readonly string[]): WorkerEntry {
  const file = kind === 'thread' ? ownFile('executors/worker/thread-entry') : ownFile('executors/worker/process-entry');
  return file !== undefined ? { file } : { code: codeThatStarts(kind, modules) };
}

/** Loads the modules until one of them brings this package, which then starts the worker. */
function codeThatStarts(kind: WorkerKind, modules: readonly string[]): string {
  const [first] = modules;
  const problem = `${kind === 'thread' ? 'threads' : 'processes'} cannot start: this program is a bundle, and none of its modules (${modules.join(', ')}) holds the package tidemark. Name the bundle itself (modules: [__filename]), or keep tidemark out of the bundle and install it beside it`;
  return `
    const started = Symbol.for(${JSON.stringify(bundledWorker.description)});
    globalThis[started] = ${JSON.stringify(kind)};
    const load = require('node:module').createRequire(${JSON.stringify(first)});
    const isAsync = (error) => error && error.code === 'ERR_REQUIRE_ASYNC_MODULE';
    const loadAny = async (file) => {
      try { load(file); } catch (error) {
        if (isAsync(error)) return import(require('node:url').pathToFileURL(file).href);
        throw error;
      }
    };
    (async () => {
      for (const file of ${JSON.stringify([...modules, 'tidemark'])}) {
        try { await loadAny(file); } catch (error) {
          // What has started says itself that a module cannot be loaded.
          if (globalThis[started] !== undefined && file !== 'tidemark') throw error;
        }
        if (globalThis[started] === undefined) return;
      }
      throw new Error(${JSON.stringify(problem)});
    })();`;
}
