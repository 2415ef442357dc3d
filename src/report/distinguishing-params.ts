/** The text of each param of a task, by name. */
export type ParamTexts = ReadonlyMap<string, string>;

/** A param that differs between tasks of a class, and the length of the prefix that all its texts share. */
export type DistinguishingParam = readonly [name: string, common: number];

/** The longest common prefix that is shown in full. */
const maxCommonPrefix = 16;
/** Number of characters of a longer prefix that stay visible. */
const keptPrefix = 6;

/** Finds the params that differ between the tasks of one class. None when there is only one task. */
export function distinguishingParams(tasks: readonly ParamTexts[]): readonly DistinguishingParam[] {
  const [first, ...others] = tasks;
  if (!first || others.length === 0) return [];
  const names = new Set(tasks.flatMap((params) => [...params.keys()]));
  return [...names]
    .filter((name) => others.some((other) => other.get(name) !== first.get(name)))
    .map((name) => [name, commonPrefixLength(tasks.flatMap((params) => params.get(name) ?? []))]);
}

/** Orders the params of a task: distinguishing params first, with their common prefix abbreviated. */
export function distinguishingParamsFirst(
  params: ParamTexts,
  telling: readonly DistinguishingParam[],
): readonly (readonly [string, string])[] {
  const first = new Map(
    telling.flatMap(([name, common]) => {
      const text = params.get(name);
      return text === undefined ? [] : [[name, abbreviatePrefix(text, common)]];
    }),
  );
  return [...first, ...[...params].filter(([name]) => !first.has(name))];
}

/** Replaces a long common prefix by an ellipsis. */
export function abbreviatePrefix(text: string, common: number): string {
  return common > maxCommonPrefix ? `…${text.slice(common - keptPrefix).toWellFormed()}` : text;
}

function commonPrefixLength(texts: readonly string[]): number {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const other of others) {
    length = Math.min(length, other.length);
    for (let i = 0; i < length; i++) if (other.charCodeAt(i) !== first.charCodeAt(i)) length = i;
  }
  return length;
}
