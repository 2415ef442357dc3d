import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from 'tidemark/testing';
import { LmdbStore } from '../../../src/storage/stores/lmdb/lmdb-store';

describeStore('an LMDB store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  const store = new LmdbStore(folder);
  return {
    store,
    async reopen() {
      await store.disconnect();
      return new LmdbStore(folder);
    },
    async close() {
      await store.disconnect();
      rmSync(folder, { recursive: true });
    },
  };
});
