import { TidemarkError } from '../error';

/** The two functions of a part, whatever they are called in it, and what records call the part. */
export interface Adapted {
  readonly id: string;
  readonly there: (input: unknown, ...rest: unknown[]) => unknown;
  readonly back: (input: unknown, ...rest: unknown[]) => unknown;
}

/** Names of methods, in the order in which they are looked for: text first, since `serialize` may give objects beside it. */
export const METHODS = {
  filter: [['encode', 'decode']],
  serializer: [
    ['stringify', 'parse'],
    ['serialize', 'deserialize'],
    ['encode', 'decode'],
    ['pack', 'unpack'],
  ],
  compressor: [
    ['compress', 'decompress'],
    ['encode', 'decode'],
  ],
  encrypter: [['encrypt', 'decrypt']],
} as const;

/** Records are words with spaces between them. */
const WORD = /^[\w$][\w$.:@/+-]*$/;

type Part = Readonly<Record<string, unknown>>;
type Method = Adapted['there'];

/**
 * Finds out how a part is called.
 *
 * @param label - What to call it in messages, such as `the compressor`.
 * @throws {TidemarkError} when it has not got the methods
 */
export function adaptPart(part: unknown, role: keyof typeof METHODS, label: string): Adapted {
  const pairs: readonly (readonly [string, string])[] = METHODS[role];
  for (const candidate of [part, (part as { default?: unknown } | undefined | null)?.default]) {
    if ((typeof candidate !== 'object' && typeof candidate !== 'function') || candidate === null) continue;
    const object = candidate as Part;
    const pair = pairs.find((names) => names.every((name) => typeof object[name] === 'function'));
    if (pair === undefined) continue;
    const [there, back] = pair.map((name) => object[name] as Method) as [Method, Method];
    return {
      id: idOf(object, [there, back]),
      there: (...args) => there.apply(object, args),
      back: (...args) => back.apply(object, args),
    };
  }
  const wanted = pairs.map(([there, back]) => `${there} and ${back}`).join(', or ');
  const hint = typeof part === 'function' ? '; it is a function: did you mean to call it?' : '';
  throw new TidemarkError(`${label} is ${describe(part)}; it must have the methods ${wanted}${hint}`);
}

function checkedId(id: string): string {
  if (WORD.test(id)) return id;
  throw new TidemarkError(
    `${JSON.stringify(id)} is no id for a part of an encoder: it must be a word, of letters, digits and . _ : @ / + -`,
  );
}

/** Names only: an encrypter holds secrets. */
function describe(part: unknown): string {
  if (part === null || (typeof part !== 'object' && typeof part !== 'function'))
    return part === null ? 'null' : `a ${typeof part}`;
  const names = Object.keys(part).slice(0, 8);
  return `${typeof part === 'function' ? 'a function' : 'an object'} with ${names.join(', ') || 'no properties'}`;
}

/** What records call a part: what it is called itself, else its class, else its code. */
function idOf(part: Part, methods: readonly Method[]): string {
  if (typeof part['id'] === 'string') return checkedId(part['id']);
  const Class = part.constructor as { readonly name?: string; readonly codecId?: unknown } | undefined;
  if (typeof Class?.codecId === 'string') return Class.codecId;
  const name = typeof part === 'function' ? (part as Function).name : Class?.name;
  if (name && name !== 'Object' && WORD.test(name)) return name;
  // Modules and plain objects have no name. With one for all, the bytes of one could be read by another.
  const { hash } = require('node:crypto') as typeof import('node:crypto');
  return `custom-${hash('sha256', methods.join('\n'), 'hex').slice(0, 8)}`;
}
