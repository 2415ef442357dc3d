import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from 'tidemark/testing';
import { FileStore } from '../../../src/storage/stores/file/file-store';

describeStore('a file store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  const store = new FileStore(folder);
  return {
    store,
    async reopen() {
      await store.disconnect();
      return new FileStore(folder);
    },
    async close() {
      await store.disconnect();
      rmSync(folder, { recursive: true });
    },
  };
});
