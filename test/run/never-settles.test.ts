import { join } from 'node:path';
import { Child } from '../support/child';
import { temporaryFolder } from '../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/never-settles.ts');
const folder = temporaryFolder();

const never =
  'it never settles: the event loop has nothing left to wait for. Look for a promise that is never resolved, or a callback that is never called';
const end = async (...args: string[]) => {
  const { code, output } = await new Child(fixture, [args[0]!, folder.path, ...args.slice(1)]).ended;
  return { code, output };
};

it.each([
  [
    'Both',
    [
      '2 tasks failed:',
      `Download({ n: 1 }) failed: ${never}`,
      `Download({ n: 2 }) failed: ${never}`,
      'required by Both',
    ],
  ],
  ['Continued', ['2 tasks failed:']],
  ['Dynamic', [`Download({ n: 3 }) failed: ${never}`, 'required by Dynamic']],
  ['Leased', [`Leased failed: ${never}`]],
  ['Retried', [`Retried failed (2 attempts): ${never}`]],
  ['Unreferenced', [`Unreferenced failed: ${never}`]],
  ['Nested', ['Download({ n: 4 })', never]],
  ['Stamped', ['fingerprint() of Stamped never settles: the event loop has nothing left to wait for']],
  ['plan', ['fingerprint() of Stamped never settles']],
  ['key', ['fingerprint() of Stamped never settles']],
  ['clear', ['fingerprint() of Stamped never settles']],
  ['Restored', ['restore() of Restored never settles']],
  ['Checked', ['a schema of a param, or the container that makes tasks, never settles']],
  ['hook', ['restore() of the run never settles']],
])('names what a process waits for in vain, and fails (%s)', async (name, parts) => {
  const { code, output } = await end(name);
  for (const part of parts) expect(output).toContain(part);
  expect(code).toBe(3);
});

it('ends a program with an error that does not catch it', async () => {
  const { code } = await end('Both', 'bare');
  expect(code).toBe(1);
});

it('waits for the grace period of an attempt that timed out before it gives up', async () => {
  const { code, output } = await end('Deaf');
  expect(output).toBe(
    'warning: Deaf still runs 50 ms after its timeout. Its slot is free for others now, so more may run at once than the limits say. Pass context.signal to what it waits for\nsecond attempt\n',
  );
  expect(code).toBe(0);
});
