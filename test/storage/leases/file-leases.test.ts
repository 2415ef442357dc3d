import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLeases } from 'tidemark/testing';
import { FileStore } from '../../../src/storage/stores/file/file-store';

describeLeases('a file store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  return {
    open: () => new FileStore(folder),
    close: async () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
});
