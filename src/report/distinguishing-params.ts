/** The text of each param of a task, by name. */
export type ParamTexts = ReadonlyMap<string, string>;

/** A param that tells tasks of a class apart, and how much of the beginning of its texts is the same in all. */
export type DistinguishingParam = readonly [name: string, common: number];

/** From this length on, a common beginning is left out. */
export const maxCommonPrefix = 16;
/** How much of it stays, so that one sees what is left out. */
export const keptPrefix = 6;

/** The params that tell tasks of one class apart. Empty when there is one task, or all params do. */
export function distinguishingParams(tasks: readonly ParamTexts[]): readonly DistinguishingParam[] {
  const [first, ...others] = tasks;
  if (!first || others.length === 0) return [];
  const names = new Set(tasks.flatMap((params) => [...params.keys()]));
  return [...names]
    .filter((name) => others.some((other) => other.get(name) !== first.get(name)))
    .map((name) => [name, commonPrefixLength(tasks.flatMap((params) => params.get(name) ?? []))]);
}

/** The params of a task, those that tell it from the others first, without what their texts have in common. */
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

/** A text without a common beginning, when that is long. */
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
