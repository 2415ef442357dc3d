import { injectorOf } from './injector';
import type { TaskClass } from './task-class';

/** A service injected into a task. */
export interface ServiceParam {
  /** Its name in messages. */
  readonly label: string;
  /** Its class, if known. */
  readonly cls: Function | undefined;
}

/** The services of a task class: constructor parameters in order, and properties. */
export interface ServiceParams {
  readonly ofConstructor: readonly ServiceParam[];
  readonly ofProperties: readonly (ServiceParam & { readonly property: string })[];
}

const known = new WeakMap<TaskClass, ServiceParams>();

/** The metadata key of NestJS for `@Inject()` on properties. */
const nestProperties = 'self:properties_metadata';

/** The services of a class, as far as its declaration shows. */
export function serviceParamsOf(cls: TaskClass): ServiceParams {
  let services = known.get(cls);
  if (!services)
    known.set(cls, (services = { ofConstructor: findInConstructor(cls), ofProperties: findInProperties(cls) }));
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
    if (propertyName !== undefined && isOf(cls, object)) names.add(propertyName);
  }
  const ofNest: readonly { readonly key: unknown }[] = Reflect.getMetadata(nestProperties, cls) ?? [];
  for (const { key } of ofNest) if (typeof key === 'string') names.add(key);
  return Array.from(names, (property) => {
    const type: unknown = Reflect.getMetadata('design:type', cls.prototype, property);
    return { property, label: property, cls: typeof type === 'function' && type !== Object ? type : undefined };
  });
}

/** True if an `@Inject()` on this prototype applies to the class. */
export function isOf(cls: TaskClass, object: object): boolean {
  return object === cls.prototype || cls.prototype instanceof object.constructor;
}
