import { join, normalize } from 'node:path';
import fc from 'fast-check';
import { Param, Task, task } from 'tidemark';
import { safeName } from '../../src/task/safe-name';
import { keyOf } from '../graph/graph-of';

it.each([
  ['TrainModel', 'TrainModel'],
  ['train-model_2', 'train-model_2'],
  ['v1.2', 'v1.2'],
  ['a/b', 'a%2Fb'],
  ['a\\b', 'a%5Cb'],
  ['.', '%2E'],
  ['..', '%2E%2E'],
  ['../x', '%2E.%2Fx'],
  ['.hidden', '%2Ehidden'],
  ['end.', 'end%2E'],
  ['two words ', 'two%20words%20'],
  ['50%', '50%25'],
  ['a~b', 'a%7Eb'],
  ['\u{1F30A}', '%uD83C%uDF0A'],
  ['\ud83c', '%uD83C'],
  ['\0', '%00'],
  ['C:', 'C%3A'],
  ['CON', '%43ON'],
  ['con.txt', '%63on.txt'],
  ['Lpt1', '%4Cpt1'],
  ['CONSOLE', 'CONSOLE'],
  ['x.d', 'x%2Ed'],
])('makes %j the file name %s', (name, safe) => {
  expect(safeName(name)).toBe(safe);
});

it('cuts long names, and distinguishes them by a hash', () => {
  const [one, other] = [safeName('a'.repeat(300)), safeName(`${'a'.repeat(299)}b`)];
  expect(one).toMatch(/^a{60}~[0-9a-f]{16}$/);
  expect(other).not.toBe(one);
  expect(safeName('a'.repeat(100))).toBe('a'.repeat(100));
});

const name = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.string({ minLength: 1, unit: fc.constantFrom('.', '/', '%', '2', 'F', 'a', 'A', '~', ' ', '\ud83c', '\udf0a') }),
  fc.string({ minLength: 90, maxLength: 300, unit: fc.constantFrom('a', '.', '/') }),
  fc.constantFrom('con', 'CON', 'nul.txt', 'aux', 'AUX.', 'Choose', 'choose', 'CHOOSE'),
);

it('is short, plain, and never leaves the folder', () => {
  fc.assert(
    fc.property(name, (given) => {
      const safe = safeName(given);
      expect(safe).toMatch(/^[\w%~-][\w.%~-]*$/);
      expect(safe.length).toBeLessThanOrEqual(100);
      expect(safe).not.toMatch(/\.$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
      expect(normalize(join('folder', safe))).toBe(join('folder', safe));
    }),
    { numRuns: 1_000 },
  );
});

it('is unique per name', () => {
  fc.assert(
    fc.property(name, name, (a, b) => expect(safeName(a) === safeName(b)).toBe(a === b)),
    { numRuns: 2_000 },
  );
});

it('differs from the names of large bytes and directories of results', () => {
  fc.assert(
    fc.property(name, fc.constantFrom('.d', `.${'0a'.repeat(16)}`), (given, ending) => {
      expect(safeName(given + ending).endsWith(ending)).toBe(false);
    }),
  );
});

it('is the folder and the file of a key', async () => {
  @Task({ name: 'my reports/..', key: ({ id }: { id: string }) => id })
  class Report {
    @Param() id!: string;
    run() {}
  }
  expect(await keyOf(task(Report, { id: '\u{1F30A}/..' }))).toBe('my%20reports%2F.%2E/%uD83C%uDF0A%2F.%2E');
  expect(await keyOf(task(Report, { id: 'x'.repeat(300) }))).toMatch(/^my%20reports%2F\.%2E\/x{60}~[0-9a-f]{16}$/);
});
