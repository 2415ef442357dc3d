import type * as Typedi from 'typedi';
import { nodeRequire } from '../base/node-require';
import { ownFolder } from '../base/own-folder';
import type { TaskClass } from './task-class';

// typedi takes as long to load as all the rest, and programs without services never need it.
let loaded: typeof Typedi | undefined;
let waiting: TaskClass[] = [];

/** typedi, loaded when it is first needed, with all task classes registered. */
function typedi(): typeof Typedi {
  loaded ??= require('typedi') as typeof Typedi;
  const { Container } = loaded;
  for (const cls of waiting) Container.set({ id: cls, type: cls, transient: true });
  waiting = [];
  return loaded;
}

/** A container of services and what is injected by it. */
export interface Injector {
  readonly typedi: () => typeof Typedi;
  /** The `@Inject()`s there are. */
  readonly injections: () => readonly Typedi.Handler[];
}

/** That of this copy of the package. */
export const ownInjector: Injector = { typedi, injections };

/** Registers a task class in typedi's global container: at once when the program uses typedi, else when it is needed. */
export function registerInTypedi(cls: TaskClass): void {
  waiting.push(cls);
  if (isLoaded()) typedi();
}

function injections(): readonly Typedi.Handler[] {
  // Who has not loaded typedi has decorated nothing with it.
  return isLoaded() ? typedi().Container.handlers : [];
}

function isLoaded(): boolean {
  if (loaded !== undefined) return true;
  // In a bundle, there is no telling.
  if (ownFolder === undefined) return true;
  return nodeRequire.resolve('typedi') in nodeRequire.cache;
}
