import type { Bytes } from '../encoding/encoder';
import type { Entry } from './entry';

/** The directories that an entry names; undefined when what it says of them is damaged. */
export function directoriesIn(entry: Entry): readonly string[] | undefined {
  try {
    return entry.directories;
  } catch {
    return undefined;
  }
}

/** What may name large bytes in a record that is damaged. */
export function besideNamesIn(bytes: Bytes): readonly string[] {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n', 1)[0]!;
  return line.match(/(?<= )[0-9a-f]{32}(?= )/g) ?? [];
}
