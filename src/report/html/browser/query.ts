import type { TaskNode } from './run-model';

/** A search text, parsed: a task matches when it has all words and all params. */
export interface Query {
  readonly words: readonly string[];
  readonly params: readonly (readonly [name: string, value: string])[];
}

export const emptyQuery: Query = { words: [], params: [] };

// Quotes keep spaces inside a word or value.
const quoted = '"([^"]*)"|\'([^\']*)\'|`([^`]*)`';
const paramPattern = new RegExp(`([\\w$]+)\\s*[:=]\\s*(?:${quoted}|(\\S+))`, 'g');
const wordPattern = new RegExp(`${quoted}|(\\S+)`, 'g');

/**
 * Parses a search text such as `train seed: 3` or `city="New York"`.
 *
 * @param paramNames in lower case; `name: value` is a param only for these, and words otherwise
 */
export function parseQuery(text: string, paramNames: ReadonlySet<string>): Query {
  const params: [string, string][] = [];
  const rest = text.toLowerCase().replaceAll(paramPattern, (all, name: string, ...groups: unknown[]) => {
    if (!paramNames.has(name)) return all;
    const [a, b, c, bare] = groups as (string | undefined)[];
    params.push([name, firstOf(a, b, c, bare?.replaceAll(/["',]/g, ''))]);
    return ' ';
  });
  const words = Array.from(rest.matchAll(wordPattern), ([, ...groups]) => firstOf(...groups)).filter(Boolean);
  return { words, params };
}

/** Makes a predicate for nodes. It remembers the text of each node, since a search asks for all nodes at each key. */
export function makeMatcher(): (node: TaskNode, query: Query) => boolean {
  const texts = new Map<TaskNode, string>();
  const textOf = (node: TaskNode) => {
    let text = texts.get(node);
    if (text === undefined) {
      const { task, paramText, key, error = '' } = node;
      texts.set(node, (text = onOneLine(`${task} ${paramText} ${key} ${error}`)));
    }
    return text;
  };
  return (node, { words, params }) =>
    words.every((word) => textOf(node).includes(word)) &&
    params.every(([name, value]) =>
      node.params.some((param) => param[0].toLowerCase() === name && isLike(param[1], value)),
    );
}

/** The value contains the text; a number must be equal, since 3 is not 30. */
function isLike(value: string, text: string): boolean {
  const plain = onOneLine(value);
  return Number.isNaN(Number(text)) ? plain.includes(text) : plain === text;
}

function firstOf(...texts: readonly (string | undefined)[]): string {
  return (texts.find((text) => text !== undefined) ?? '').replaceAll(/\s+/g, ' ').trim();
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').toLowerCase();
}
