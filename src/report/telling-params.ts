/** The text of each param of a task, by name. */
export type ParamTexts = ReadonlyMap<string, string>;

/** A param that tells tasks of a class apart, and how much of the beginning of its texts is the same in all. */
export type TellingParam = readonly [name: string, common: number];

/** From this length on, a common beginning is left out. */
export const longestCommon = 16;
/** How much of it stays, so that one sees what is left out. */
export const kept = 6;

/** The params that tell tasks of one class apart. Empty when there is one task, or all params do. */
export function tellingParams(tasks: readonly ParamTexts[]): readonly TellingParam[] {
  const [first, ...others] = tasks;
  if (!first || others.length === 0) return [];
  const names = new Set(tasks.flatMap((params) => [...params.keys()]));
  return [...names]
    .filter((name) => others.some((other) => other.get(name) !== first.get(name)))
    .map((name) => [name, commonStart(tasks.flatMap((params) => params.get(name) ?? []))]);
}

/** The params of a task, those that tell it from the others first, without what their texts have in common. */
export function tellingFirst(
  params: ParamTexts,
  telling: readonly TellingParam[],
): readonly (readonly [string, string])[] {
  const first = new Map(
    telling.flatMap(([name, common]) => {
      const text = params.get(name);
      return text === undefined ? [] : [[name, withoutStart(text, common)]];
    }),
  );
  return [...first, ...[...params].filter(([name]) => !first.has(name))];
}

/** A text without a common beginning, when that is long. */
export function withoutStart(text: string, common: number): string {
  return common > longestCommon ? `…${text.slice(common - kept).toWellFormed()}` : text;
}

function commonStart(texts: readonly string[]): number {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const other of others) {
    length = Math.min(length, other.length);
    for (let i = 0; i < length; i++) if (other.charCodeAt(i) !== first.charCodeAt(i)) length = i;
  }
  return length;
}
