/**
 * The name of the built-in class that has this prototype, in whatever realm, such as `Map`.
 *
 * Jest runs code in a realm of its own, where `instanceof` fails for what Node's own modules make.
 */
export function builtInName(prototype: object): string | undefined {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof Class !== 'function' || Class.prototype !== prototype) return undefined;
  return Function.prototype.toString.call(Class).includes('[native code]') ? Class.name : undefined;
}

/** Whether objects with this prototype are plain ones: `{}`, of any realm, or without a prototype. */
export function isPlainPrototype(prototype: object | null): boolean {
  return prototype === Object.prototype || prototype === null || builtInName(prototype) === 'Object';
}

/** Whether arrays with this prototype are plain ones, of any realm. */
export function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && builtInName(prototype) === 'Array');
}

/** Whether two prototypes are of one class, or of the same built-in class of two realms. */
export function isSameClass(a: object | null, b: object | null): boolean {
  if (a === b) return true;
  const name = a === null ? undefined : builtInName(a);
  return name !== undefined && b !== null && builtInName(b) === name;
}
