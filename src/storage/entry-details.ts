import { directoryName } from './key-forms';

/** The JSON of an entry: what is not needed to decide whether it is loaded. */
export interface EntryDetails {
  readonly task: string;
  readonly version?: string | number;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly refs?: string;
  readonly seconds: number;
  /** In milliseconds since 1970. */
  readonly savedAt: number;
  readonly savedBy: string;
  readonly directories?: readonly string[];
}

/** The latest time that a Date can hold, in milliseconds since 1970. */
const latest = 8.64e15;
/** What prints, compares and copies records follows them so deep. */
const deepest = 1_000;
const refsPattern = /^[\w+:-]{1,100}:[A-Za-z0-9+/]*={0,2}$/;

type Check = (value: unknown) => boolean;
const isString: Check = (value) => typeof value === 'string';
const isAbsent: Check = (value) => value === undefined;

/** What each property may be; others are ignored. */
const checks: Readonly<Record<keyof EntryDetails, Check>> = {
  task: isString,
  version: (value) => isAbsent(value) || isString(value) || typeof value === 'number',
  params: (value) => isAbsent(value) || isParams(value),
  refs: (value) => isAbsent(value) || (isString(value) && refsPattern.test(value as string)),
  seconds: (value) => Number.isFinite(value),
  savedAt: (value) => Number.isFinite(value) && Math.abs(value as number) <= latest,
  savedBy: isString,
  directories: (value) => isAbsent(value) || (Array.isArray(value) && value.every(isDirectoryName)),
};

/** @throws {Error} naming what is wrong, when something else than the JSON of a record stands there */
export function parseDetails(json: string): EntryDetails {
  const details: unknown = JSON.parse(json);
  if (!isParams(details)) throw new Error('it is no object');
  // What is shorter cannot be deeper.
  if (json.length > deepest && isDeeper(details, deepest))
    throw new Error(`it is nested more than ${deepest} levels deep`);
  const own = details as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(checks) as (keyof EntryDetails)[]) {
    const value = Object.hasOwn(own, name) ? own[name] : undefined;
    if (!checks[name](value)) throw new Error(`${name} is ${JSON.stringify(value)?.slice(0, 60)}`);
  }
  return own as unknown as EntryDetails;
}

/** Looks no deeper than that. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

function isParams(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDirectoryName(value: unknown): boolean {
  return typeof value === 'string' && directoryName.test(value);
}
