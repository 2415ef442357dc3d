import type * as Typedi from 'typedi';
import { nodeRequire } from '../base/node-require';
import { ownFolder } from '../base/own-folder';
import { WeakList } from '../base/weak-list';
import type { TaskClass } from './task-class';

// typedi takes as long to load as all the rest, and programs without services never need it.
let loaded: typeof Typedi | undefined;
/** Classes to be registered, unless they are gone by then. */
let waiting = new WeakList<TaskClass>();

/** typedi, loaded when it is first needed, with all task classes registered. */
function typedi(): typeof Typedi {
  loaded ??= require('typedi') as typeof Typedi;
  const { Container } = loaded;
  for (const cls of waiting.all()) register(cls, Container);
  waiting = new WeakList();
  return loaded;
}

/** Registers a class for as long as anything else holds it: typedi would hold it for good. */
function register(cls: TaskClass, container: typeof Typedi.Container): void {
  container.set({ id: cls, type: cls, transient: true });
  const { services } = container.of() as unknown as { services?: Partial<Typedi.ServiceMetadata>[] };
  const service = services?.findLast(({ id }) => id === cls);
  if (!service) return;
  weaken(service, new WeakRef(cls));
  if (services!.length > limit) removeDead(services!);
}

/** Makes a service hold its class weakly. Apart from where the class is known, which the functions here would hold. */
function weaken(service: Partial<Typedi.ServiceMetadata>, ref: WeakRef<TaskClass>): void {
  for (const name of ['id', 'type'])
    Object.defineProperty(service, name, {
      configurable: true,
      enumerable: true,
      get: () => ref.deref(),
      // Whoever registers the class anew may say something else of it.
      set: (value: unknown) =>
        Object.defineProperty(service, name, { value, writable: true, configurable: true, enumerable: true }),
    });
}

/** Services of classes that are gone are removed when there are more than this. */
let limit = 256;

function removeDead(services: Partial<Typedi.ServiceMetadata>[]): void {
  let count = 0;
  for (const service of services) if (service.id !== undefined) services[count++] = service;
  services.length = count;
  limit = Math.max(256, 2 * count);
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
  waiting.add(cls);
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
