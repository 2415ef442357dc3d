// Rewrites the fixtures of saved-by-earlier.test.ts. They prove compatibility with the version that wrote them: run
// this only to add tasks to saved-tasks.ts, with a version that still writes this format.
//
//   node -r ./test/support/register.js test/nets/write-fixtures.ts
import { rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

// Records contain the host name.
os.hostname = () => 'machine';

async function main(): Promise<void> {
  const { Storage } = await import('tidemark');
  const { encrypting, fill } = await import('./fixtures/saved-tasks.js');
  const { readAll } = await import('./fixtures/redis-dump.js');
  const { startRedis } = await import('../support/redis-server.js');
  const folder = join(__dirname, 'fixtures/tidemark2');
  rmSync(folder, { recursive: true, force: true });

  /** Removes files that are not results. */
  const tidy = (name: string) => {
    for (const extra of ['.gitignore', '.tmp', '@leases'])
      rmSync(join(folder, name, extra), { recursive: true, force: true });
  };
  const plain = Storage.open(`file:${join(folder, 'plain')}`);
  await fill(plain, true);
  await plain.close();
  tidy('plain');
  const encrypted = Storage.open(`file:${join(folder, 'encrypted')}`, { encoder: encrypting });
  await fill(encrypted, true);
  await encrypted.close();
  tidy('encrypted');

  const server = await startRedis();
  const redis = Storage.open(server.uri());
  await fill(redis, false);
  await redis.close();
  writeFileSync(join(folder, 'redis.json'), `${JSON.stringify(await readAll(server.uri()), undefined, 2)}\n`);
  await server.stop();
}

void main();
