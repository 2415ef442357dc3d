import type { Difference } from '../run/difference';

/** What JSON has no word for is an object with one of these keys in a record. */
const unwrap: Readonly<Record<string, (value: any) => string>> = {
  $bigint: (value) => `${value}n`,
  $number: String,
  $date: (value) => new Date(value).toISOString(),
  $url: String,
  $regexp: String,
  $undefined: () => 'undefined',
  $secret: () => '(secret)',
  $encrypted: () => '(encrypted)',
  $task: ({ name, params }) => `${name}(${params ? showRecorded(params) : ''})`,
};

const longest = 80;

/** A value as a record holds it, on one short line. */
export function showRecorded(value: unknown): string {
  const text = written(value);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function written(value: unknown): string {
  if (value === undefined) return '(nothing)';
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  const [[key, inside] = ['', undefined]] = entries;
  if (entries.length === 1 && Object.hasOwn(unwrap, key)) return unwrap[key]!(inside);
  return entries.length === 0 ? '{}' : `{ ${entries.map(([name, item]) => `${name}: ${written(item)}`).join(', ')} }`;
}

/** A difference as part of a sentence: `param epochs 10 → 20`. */
export function showDifference(difference: Difference): string {
  const { what, name, before, now, because } = difference;
  switch (what) {
    case 'version':
      return `version ${showVersion(before)} → ${showVersion(now)}`;
    case 'param':
      return `param ${name} ${showRecorded(before)} → ${showRecorded(now)}`;
    case 'fingerprint':
      return 'what it reads outside is another';
    case 'source':
      return 'the source of its class is another';
    case 'hidden':
      return 'something that records do not tell (a secret, what it reads outside, long bytes, a literal that it requires)';
    case 'requirement':
      if (before === undefined) return `it requires ${now}, which it did not`;
      if (now === undefined) return `it does not require ${before} any more`;
      return because && because.length > 0
        ? `${name}: ${because.map(showDifference).join(', ')}`
        : `${name} has another key (what differs in it is not saved)`;
    default:
      return what satisfies never;
  }
}

export function showVersion(version: unknown): string {
  return version === undefined ? '(none)' : String(version);
}
