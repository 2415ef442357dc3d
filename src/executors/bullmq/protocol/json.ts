/** Parses text from Redis as JSON; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * Whether JSON brings data of ours back so that nobody can tell: what is undefined may be missing, but for `plain`, which
 * says by being there that it is a value.
 */
export function isJson(data: unknown): boolean {
  switch (typeof data) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(data) && !Object.is(data, -0);
    case 'object':
      if (data === null) return true;
      return Array.isArray(data) ? data.every(isJson) : isPlain(data) && hasJson(data);
    default:
      return false;
  }
}

function isPlain(object: object): boolean {
  return Object.getPrototypeOf(object) === Object.prototype;
}

function hasJson(object: object): boolean {
  for (const [name, value] of Object.entries(object))
    if (value === undefined ? name === 'plain' : !isJson(value)) return false;
  return true;
}
