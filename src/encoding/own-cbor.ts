import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { nodeRequire } from '../base/node-require';
import { ownFolder } from '../base/own-folder';

/** What is used of cbor-x; its own declarations leave out half of it, and are of its ES module. */
export interface CborX {
  readonly Encoder: new (options: object) => CborEncoder;
  addExtension<T, R>(extension: {
    readonly Class: new () => T;
    readonly tag: number;
    encode(value: T, encode: (data: R) => void): void;
    decode(data: R): T;
  }): void;
}
export interface CborEncoder {
  encode(value: unknown, mode: number): Buffer;
  decode(bytes: Buffer): unknown;
  useBuffer(buffer: Buffer): void;
}

/**
 * A copy of cbor-x that nothing else in the process uses.
 *
 * Its extensions and limits are those of the module: a program that gives its own cbor-x an extension would change what
 * is saved and loaded here, and the extensions made here would change what the program encodes.
 */
export function loadOwnCbor(): CborX {
  // A bundle holds this entry, which programs hardly ever use themselves.
  return fromFile() ?? (require('cbor-x/index-no-eval') as CborX);
}

/** Evaluated anew, since caches of modules are out of reach in test runners. */
function fromFile(): CborX | undefined {
  if (ownFolder === undefined) return undefined;
  let file: string;
  let run: Function;
  try {
    file = nodeRequire.resolve('cbor-x');
    run = new Function('exports', 'require', 'module', '__filename', '__dirname', sourceOf(file));
  } catch {
    // Node was told not to make code of text (--disallow-code-generation-from-strings), or a test mocks the file system.
    return undefined;
  }
  const module = { exports: {} };
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  return module.exports as CborX;
}

function sourceOf(file: string): string {
  const source = readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '');
  return `${source}\n//# sourceURL=${file}`;
}
