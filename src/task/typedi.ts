import type * as Typedi from 'typedi';
import { nodeRequire, ownFolder } from '../base/own-folder';
import { WeakList } from '../base/weak-list';
import type { TaskClass } from './task-class';

// typedi takes as long to load as the rest of the package, and programs without services do not need it.
let loaded: typeof Typedi | undefined;
/** Classes to register once typedi is loaded. */
let waiting = new WeakList<TaskClass>();

/** typedi, loaded on first use, with all task classes registered. */
function typedi(): typeof Typedi {
  loaded ??= require('typedi') as typeof Typedi;
  const { Container } = loaded;
  for (const cls of waiting.all()) registerWeakly(cls, Container);
  waiting = new WeakList();
  return loaded;
}

/** Registers a class weakly: typedi itself would never release it. */
function registerWeakly(cls: TaskClass, container: typeof Typedi.Container): void {
  container.set({ id: cls, type: cls, transient: true });
  const { services } = container.of() as unknown as { services?: Partial<Typedi.ServiceMetadata>[] };
  const service = services?.findLast(({ id }) => id === cls);
  if (!service) return;
  weaken(service, new WeakRef(cls));
  if (services!.length > limit) removeDead(services!);
}

/** Makes a service hold its class weakly. A separate function, so that its closures do not capture the class. */
function weaken(service: Partial<Typedi.ServiceMetadata>, ref: WeakRef<TaskClass>): void {
  for (const name of ['id', 'type'])
    Object.defineProperty(service, name, {
      configurable: true,
      enumerable: true,
      get: () => ref.deref(),
      // A later registration of the class may set another value.
      set: (value: unknown) =>
        Object.defineProperty(service, name, { value, writable: true, configurable: true, enumerable: true }),
    });
}

/** Number of services above which those of collected classes are removed. */
let limit = 256;

function removeDead(services: Partial<Typedi.ServiceMetadata>[]): void {
  let count = 0;
  for (const service of services) if (service.id !== undefined) services[count++] = service;
  services.length = count;
  limit = Math.max(256, 2 * count);
}

/** A container of services, with its injections. */
export interface Injector {
  readonly typedi: () => typeof Typedi;
  /** All `@Inject()` declarations. */
  readonly injections: () => readonly Typedi.Handler[];
}

/** The injector of this copy of the package. */
export const ownInjector: Injector = { typedi, injections };

/** Registers a task class in typedi's global container: at once if the program uses typedi, else on first use. */
export function registerInTypedi(cls: TaskClass): void {
  waiting.add(cls);
  if (isLoaded()) typedi();
}

function injections(): readonly Typedi.Handler[] {
  // Without typedi loaded, nothing is decorated with it.
  return isLoaded() ? typedi().Container.handlers : [];
}

function isLoaded(): boolean {
  if (loaded !== undefined) return true;
  // In a bundle, it cannot be determined.
  if (ownFolder === undefined) return true;
  return nodeRequire.resolve('typedi') in nodeRequire.cache;
}
