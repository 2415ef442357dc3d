/**
 * Plain data as JSON. Ignores `toJSON` methods that old libraries add to the prototypes of all objects and arrays.
 */
export function jsonText(value: unknown): string {
  return 'toJSON' in Array.prototype ? written(value) : JSON.stringify(value);
}

function written(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(written)}]`;
  const properties = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== 'function');
  return `{${properties.map(([name, item]) => `${JSON.stringify(name)}:${written(item)}`)}}`;
}
