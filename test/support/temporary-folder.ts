import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for each test of a file, removed afterwards. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeEach(() => void (folder.path = mkdtempSync(join(tmpdir(), 'tidemark-'))));
  afterEach(() => rmSync(folder.path, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
