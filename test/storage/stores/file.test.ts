import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../../../src/storage/stores/file/file-store';
import { describeStore } from '../../contract/store-contract';

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
