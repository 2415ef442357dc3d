import type { Awaitable } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import { nodeRequire } from '../base/own-folder';
import { ownDeclaration } from './declaration';
import { DeclarationError } from './errors';
import type { TaskClass } from './task-class';
import { type Injector, ownInjector } from './typedi';

/** The injector of a class: typedi of the copy of this package that declared the class. */
function injectorOf(cls: Function): Injector {
  return ownDeclaration(cls)?.injector ?? ownInjector;
}

/** A service injected into a task. */
interface ServiceParam {
  /** Its name in messages. */
  readonly label: string;
  /** Its class, if known. */
  readonly cls: Function | undefined;
}

/** The services of a task class: constructor parameters in order, and properties. */
interface ServiceParams {
  readonly ofConstructor: readonly ServiceParam[];
  readonly ofProperties: readonly (ServiceParam & { readonly property: string })[];
}

const knownServices = new WeakMap<TaskClass, ServiceParams>();

/** The metadata key of NestJS for `@Inject()` on properties. */
const nestProperties = 'self:properties_metadata';

/** The services of a class, as far as its declaration shows. */
export function serviceParamsOf(cls: TaskClass): ServiceParams {
  let services = knownServices.get(cls);
  if (!services)
    knownServices.set(cls, (services = { ofConstructor: findInConstructor(cls), ofProperties: findInProperties(cls) }));
  return services;
}

/** True for a class whose declaration shows services. */
export function takesServices(cls: TaskClass): boolean {
  const { ofConstructor, ofProperties } = serviceParamsOf(cls);
  return ofConstructor.length > 0 || ofProperties.length > 0;
}

function findInConstructor(cls: TaskClass): readonly ServiceParam[] {
  for (let at: Function = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (at.length > 0) return paramsOf(at);
    // Parameters with defaults need no service.
    if (hasConstructor(at)) return [];
  }
  return [];
}

function paramsOf(cls: Function): readonly ServiceParam[] {
  const types: readonly unknown[] = Reflect.getOwnMetadata('design:paramtypes', cls) ?? [];
  return Array.from({ length: cls.length }, (_, index) => {
    const type = types[index];
    if (typeof type === 'function' && type !== Object) return { label: type.name, cls: type };
    return { label: `parameter ${index + 1} of the constructor`, cls: undefined };
  });
}

function hasConstructor(cls: Function): boolean {
  return /\bconstructor\s*\(/.test(Function.prototype.toString.call(cls));
}

function findInProperties(cls: TaskClass): ServiceParams['ofProperties'] {
  const names = new Set<string>();
  for (const { object, propertyName } of injectorOf(cls).injections()) {
    if (propertyName !== undefined && isInjectedInto(cls, object)) names.add(propertyName);
  }
  const ofNest: readonly { readonly key: unknown }[] = Reflect.getMetadata(nestProperties, cls) ?? [];
  for (const { key } of ofNest) if (typeof key === 'string') names.add(key);
  return Array.from(names, (property) => {
    const type: unknown = Reflect.getMetadata('design:type', cls.prototype, property);
    return { property, label: property, cls: typeof type === 'function' && type !== Object ? type : undefined };
  });
}

/** True if an `@Inject()` on this prototype applies to the class. */
function isInjectedInto(cls: TaskClass, object: object): boolean {
  return object === cls.prototype || cls.prototype instanceof object.constructor;
}

/**
 * The classes of a task's constructor parameters, from the types that the compiler emitted or from `services`.
 *
 * Containers pass undefined or themselves for a missing type, so missing types are an error here.
 *
 * @throws {DeclarationError} for a parameter whose type is not an injectable class
 */
function servicesOf(cls: TaskClass): readonly unknown[] {
  for (let at: Function = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    const types: readonly unknown[] | undefined = Reflect.getOwnMetadata('design:paramtypes', at);
    // Parameters with defaults are not counted in `length`: they may have any type.
    if (types) return types.map((type, index) => (index < at.length ? assertInjectable(cls, at, type, index) : type));
    if (at.length > 0) {
      throw new DeclarationError(
        `${cls.name} takes services in ${at === cls ? 'its constructor' : `the constructor of ${at.name}`}, but the compiler emitted no types for it. Name them: @Task({ services: [${Array.from({ length: at.length }, () => '…').join(', ')}] })${at === cls ? '' : `, or decorate ${at.name} with @Service()`}`,
      );
    }
  }
  return [];
}

const noClasses = new Set<unknown>([
  undefined,
  Object,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Array,
  Function,
  Promise,
]);

function assertInjectable(cls: TaskClass, declaredBy: Function, type: unknown, index: number): unknown {
  const isInjected = injectorOf(cls)
    .injections()
    .some(({ object, index: at }) => at === index && (object === cls || object === declaredBy));
  if (noClasses.has(type) && !isInjected) {
    const what =
      typeof type === 'function'
        ? `its type is ${type.name}, an interface or a basic type`
        : 'its type is undefined (circular imports?)';
    throw new DeclarationError(
      `${cls.name}: no service for parameter ${index + 1} of the constructor: ${what}. Name a class with @Task({ services: […] }) or @Inject()`,
    );
  }
  return type;
}

/**
 * Makes instances of task classes: the one method that Tidemark needs of a dependency injection container.
 *
 * @example
 * const runner = new Runner({ container: { resolve: (cls) => moduleRef.create(cls) } }); // NestJS
 */
export interface Container {
  /** A new instance at each call, with its services. */
  resolve<T extends object>(cls: new (...services: any[]) => T): Awaitable<T>;
  /**
   * Releases the resources of services. Workers call it when they end, on the container exported by the file of their
   * option `container`. A runner does not close its container.
   */
  close?(): Awaitable<unknown>;
}

/** A container that can check a class declaration without making an instance. */
export interface CheckedContainer extends Container {
  /** @throws {DeclarationError} if it cannot make the class, whichever services are registered */
  refuse(cls: TaskClass): void;
}

/** typedi's global container. */
export const typediContainer: CheckedContainer = {
  refuse: servicesOf,
  resolve(cls) {
    // A class without services needs no container, which would cost more than a small task.
    if (isPlain(cls as unknown as TaskClass)) return new cls();
    const { Container: Typedi, ServiceNotFoundError } = injectorOf(cls).typedi();
    try {
      return Typedi.get(cls);
    } catch (error) {
      if (!isInstance(error, ServiceNotFoundError)) throw error;
      const reason = error.message.replace(/\s+/g, ' ');
      throw new DeclarationError(`${cls.name} cannot be instantiated: ${reason}${severalContainers()}`, {
        cause: error,
      });
    }
  },
};

const plain = new WeakMap<TaskClass, boolean>();

/** True for a class without injected constructor parameters or `@Inject()` properties. */
function isPlain(cls: TaskClass): boolean {
  let answer = plain.get(cls);
  if (answer === undefined) {
    const isInjected = ({ object }: { object: object }) => object === cls || isInjectedInto(cls, object);
    answer = servicesOf(cls).length === 0 && !injectorOf(cls).injections().some(isInjected);
    plain.set(cls, answer);
  }
  return answer;
}

/** A remark if there are several copies of typedi: the service may be registered in another one. */
function severalContainers(): string {
  const loaded = Object.keys(nodeRequire.cache).flatMap(
    (file) => /^.*[\\/]node_modules[\\/]typedi(?=[\\/])/.exec(file) ?? [],
  );
  const folders = [...new Set(loaded)];
  if (folders.length < 2) return '';
  return ` (there are ${folders.length} copies of typedi, each with its own services: ${folders.join(', ')}; unify them with \`npm dedupe\`, or pass a container to the runner)`;
}
