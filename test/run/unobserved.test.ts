import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { runChild } from '../support/child';

const fixture = resolve(__dirname, 'fixtures/unobserved.ts');
const bad = expect.stringContaining('bad');
const unknown = expect.stringContaining('no param unknown');

it('a failure that nobody learns of is an unhandled rejection, once', async () => {
  const { reported } = await runChild<{ reported: Record<string, string[]> }>(fixture);
  expect(reported).toEqual({
    run: [bad],
    'run, reported': [bad],
    'run, not plannable': [unknown],
    'run, cancelled by a signal': [expect.stringContaining('was cancelled')],
    start: [bad],
    'start, not plannable': [unknown],
    'start, then': [bad],
    'start, then and summary': [bad],
    'start, all had': [bad],
    'start, left early': [bad],
    'start, left at the failure': [bad],
    'start, left before the failure': [bad],
    'start, read, not plannable': [unknown],
    'start, reader fails': [bad],
    'start, stopped after a failure': [bad],
    'start, stopped before a failure': [bad],
    plan: [unknown],
    key: [unknown],
    clear: [unknown],
  });
});

it.each(['run', 'start', 'start, left early'])('ends the process with code 1 (%s)', async (way) => {
  const register = resolve(__dirname, '../support/register.js');
  const child = spawn(process.execPath, ['-r', register, fixture, way], { stdio: 'ignore' });
  expect(await once(child, 'exit')).toEqual([1, null]);
});
