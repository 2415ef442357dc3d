import { isDeepStrictEqual } from 'node:util';
import { showValue } from '../base/show';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { paramsToJson } from './format/record';

type Params = Readonly<Record<string, unknown>>;

/** A task with a custom key, and its params. */
interface CustomKeyed {
  readonly task: TaskDefinition;
  readonly params: Params;
}

/** The remedy for two sets of params with one key. */
export const distinctKeysAdvice =
  'let key(params) distinguish them, or mark irrelevant params with @Param({ key: false })';

/** Two nodes of a task have the same params, apart from params that are not part of keys. */
export function haveSameParams(a: CustomKeyed, b: CustomKeyed): boolean {
  return a === b || otherParam(a.task, savedParams(b), savedParams(a)) === undefined;
}

/**
 * Compares the params of a saved result with those of a node that has the same custom key.
 *
 * @param saved the params in the record
 * @param now the params of the node
 * @param given the params of the node without defaults: a default is ignored for a param that the record lacks, since
 * the class had no such param when the result was saved
 * @throws {DeclarationError} when a param differs that is part of keys
 */
export function assertSavedParams(
  { task, key, shown }: { readonly task: TaskDefinition; readonly key: string; readonly shown: string },
  saved: Params,
  now: Params,
  given: Params = now,
): void {
  const name = otherParam(task, saved, now, given);
  if (name === undefined) return;
  const was = Object.hasOwn(saved, name) ? `${name}: ${showValue(saved[name])}` : `no ${name}`;
  throw new DeclarationError(
    `${shown} has the key ${key}, under which a result with other params is saved (${was}): ${distinctKeysAdvice}. If the saved result is obsolete, clear it`,
  );
}

/** The params as they are read from a record. */
export function savedParams({ task, params }: CustomKeyed): Params {
  return JSON.parse(JSON.stringify(paramsToJson(params, task)));
}

/** The first param that differs. */
function otherParam({ params }: TaskDefinition, saved: Params, now: Params, given: Params = now): string | undefined {
  return params.find(({ name, keyed }) => {
    if (!keyed) return false;
    if (!Object.hasOwn(saved, name)) return Object.hasOwn(now, name) && Object.hasOwn(given, name);
    return !isSame(saved[name], now[name]);
  })?.name;
}

function isSame(saved: unknown, now: unknown): boolean {
  if (isDeepStrictEqual(saved, now)) return true;
  if (typeof saved !== 'object' || typeof now !== 'object' || saved === null || now === null) return false;
  const names = Object.keys(saved);
  if ('$task' in saved && '$task' in now && names.length === 1) return isSameRef(saved.$task, now.$task);
  return (
    Array.isArray(saved) === Array.isArray(now) &&
    names.length === Object.keys(now).length &&
    names.every((name) => Object.hasOwn(now, name) && isSame((saved as Params)[name], (now as Params)[name]))
  );
}

/** Refs hold the params they were given: a param that one of them leaves to its default is ignored. */
function isSameRef(saved: unknown, now: unknown): boolean {
  const [a, b] = [saved, now] as readonly { name?: unknown; params?: Params; path?: unknown }[];
  if (a?.name !== b?.name || !isDeepStrictEqual(a?.path, b?.path)) return false;
  const [ours, theirs] = [a?.params ?? {}, b?.params ?? {}];
  return Object.keys(ours).every((name) => !Object.hasOwn(theirs, name) || isSame(ours[name], theirs[name]));
}
