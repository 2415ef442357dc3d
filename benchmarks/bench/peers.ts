import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sources } from './places';

/** How to install missing packages. */
export const installPeers = 'npm install --prefix benchmarks';

const manifest = join(sources, 'package.json');

/** True if a package for comparison is installed in `benchmarks/`. */
export function isInstalled(name: string): boolean {
  return existsSync(join(sources, 'node_modules', name, 'package.json'));
}

/** A package of `benchmarks/package.json`; the namespace of an ES module. */
export function loadPeer(name: string): any {
  if (!isInstalled(name)) throw new Error(`${name} is not installed: ${installPeers}`);
  // Compiled programs lie outside of benchmarks/, so the package is looked for from there.
  return createRequire(manifest)(name);
}

/** Likewise for an ES module that waits while it is loaded, which `require` cannot do. */
export function importPeer(name: string): Promise<any> {
  if (!isInstalled(name)) throw new Error(`${name} is not installed: ${installPeers}`);
  return import(pathToFileURL(createRequire(manifest).resolve(name)).href);
}

/** `effect 4.1.0`, for each package that is installed. */
export function installedPeers(): readonly string[] {
  const { devDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as { devDependencies: object };
  return Object.keys(devDependencies)
    .filter(isInstalled)
    .map((name) => {
      const file = join(sources, 'node_modules', name, 'package.json');
      return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
    });
}
