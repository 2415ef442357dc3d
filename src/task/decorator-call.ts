import { DeclarationError } from './declaration-error';

const cure =
  'Tidemark takes the decorators of "experimentalDecorators". Set "experimentalDecorators": true in the "compilerOptions" of tsconfig.json (tsc, tsx, ts-node, esbuild, Vite, Bun); ' +
  'jsc.transform.legacyDecorator: true in .swcrc (swc, @swc/jest); version: "legacy" for @babel/plugin-proposal-decorators';

/** The context object of a standard decorator, or the element descriptor of the 2018 proposal. */
interface StandardContext {
  readonly kind: string;
  readonly name?: PropertyKey | undefined;
  readonly key?: PropertyKey;
}

/**
 * Rejects the call of a compiler that follows another version of decorators.
 *
 * @param decorator its name in messages: `@Param()`
 * @param args all arguments of the call
 * @throws {DeclarationError} with the compiler options to set
 */
export function refuseStandardDecorator(decorator: string, args: readonly unknown[]): void {
  const [target, second] = args;
  const context = isContext(second) ? second : args.length === 1 && isElement(target) ? target : undefined;
  if (!context) return;
  const name = context.name ?? context.key ?? (typeof target === 'function' ? target.name : undefined);
  throw new DeclarationError(
    `${decorator}${name === undefined ? '' : ` on ${String(name)}`}: the compiler calls it as a standard decorator. ${cure}`,
  );
}

/** Rejects a member decorator on anything but a property. */
export function refuseOtherThanProperty(decorator: string, args: readonly unknown[]): void {
  refuseStandardDecorator(decorator, args);
  const [target, property, third] = args;
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null || property === undefined) {
    const cls = typeof target === 'function' ? target.name : String(target);
    const what = typeof third === 'number' ? `a parameter of the constructor of ${cls}` : `the class ${cls}`;
    throw new DeclarationError(`${decorator} is for properties; it is used on ${what}`);
  }
  const owner = typeof target === 'function' ? target.name : target.constructor?.name;
  const name = `${owner}.${String(property)}`;
  if (typeof third === 'number')
    throw new DeclarationError(`${decorator} is for properties; it is used on a parameter of ${name}`);
  if (typeof (third as PropertyDescriptor | undefined)?.value === 'function')
    throw new DeclarationError(`${decorator} is for properties; ${name} is a method`);
}

/** Rejects a class decorator on anything but a class. */
export function refuseOtherThanClass(decorator: string, args: readonly unknown[]): void {
  refuseStandardDecorator(decorator, args);
  const [cls, property] = args;
  if (typeof cls === 'function' && args.length === 1) return;
  const where = property === undefined ? '' : `; it is used on ${String(property)}`;
  throw new DeclarationError(
    `${decorator} is for classes${args.length > 2 && where === '' ? '; it is used on a parameter' : where}`,
  );
}

/** True for the second argument of a standard decorator; a legacy decorator gets a name or nothing. */
function isContext(value: unknown): value is StandardContext {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}

/** True for the only argument of a decorator of the 2018 proposal. */
function isElement(value: unknown): value is StandardContext {
  return isContext(value) && Object.prototype.toString.call(value) === '[object Descriptor]';
}
