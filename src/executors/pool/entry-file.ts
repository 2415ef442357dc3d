import { extname, join } from 'node:path';

/** The file that a worker of this kind starts with. */
export function entryFile(kind: 'thread' | 'process'): string {
  return join(__dirname, '../worker', `${kind}-entry${extname(__filename)}`);
}
