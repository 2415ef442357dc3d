const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** How a property is written after its object: `.name`, `[3]`, `["a b"]`. */
export function propertyStep(key: string | number | symbol): string {
  if (typeof key === 'number') return `[${key}]`;
  if (typeof key === 'symbol') return `[${String(key)}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** How a value in a Map is written after the Map: by its key where that can be written down, else by its position. */
export function mapValueStep(key: unknown, position: number): string {
  if (typeof key === 'string') return `.get(${JSON.stringify(key)})`;
  return typeof key === 'number' ? `.get(${key})` : `.values()[${position}]`;
}
