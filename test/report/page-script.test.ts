import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

it('is up to date; npm run build:page writes it', () => {
  const script = resolve(__dirname, '../../scripts/build-page.mjs');
  expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toBe('');
});
