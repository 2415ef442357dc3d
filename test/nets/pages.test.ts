import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const places = ['', 'src', 'src/executors/bullmq', 'docs', 'test/nets'];

it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('names files that exist: %s', (page) => {
  const text = readFileSync(join(root, page), 'utf8').replace(/## Adding a sample\n.*?(?=\n## )/s, '');
  const named = Array.from(text.matchAll(/`((?:[\w.-]+\/)*[\w-]+(?:\.ts|\/))`/g), ([, path]) => path!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !places.some((place) => existsSync(join(root, place, path))))).toEqual([]);
});

it('shows the path that one saved task takes', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/trace-task.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}, 180_000);
