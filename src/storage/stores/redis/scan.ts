import type { RedisConnection } from './redis-connection';

/** How many entries Redis looks at for each page: long enough to be quick, short enough not to hold up others. */
const COUNT = '1000';
/** What is not of this form is not ours: it may be in a namespace within this one. */
const ENTRY = /^[\w.~%@-]+(?:\/[\w.~%@-]+){1,2}$/;

/**
 * The keys in a namespace that start with `start`, a page at a time, without the namespace. What was there all
 * the while is among them, some of it perhaps twice.
 */
export async function* scan(connection: RedisConnection, namespace: string, start: string): AsyncGenerator<string[]> {
  const match = `${escapeGlob(namespace + start)}*`;
  // The cursor means nothing to another server, so all of this goes over one connection.
  let cursor = '0';
  do {
    const command = ['SCAN', cursor, 'MATCH', match, 'COUNT', COUNT, 'TYPE', 'string'];
    const [next, found] = (await connection.ask(command)) as [Buffer, Buffer[]];
    cursor = next.toString();
    const keys = found.map((key) => key.toString().slice(namespace.length)).filter((key) => ENTRY.test(key));
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}

/** The pattern that stands for this text and nothing else. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
