import { ClearMarks, everything, newMark } from '../../src/storage/clear-marks';

const log = (...names: string[]) => Buffer.concat(names.map(newMark));

it('knows the last mark on each result, and on all', () => {
  const marks = new ClearMarks(log('a', 'b', 'a'));
  expect([marks.on('a') !== undefined, marks.on('a') !== marks.on('b'), marks.on('c'), marks.isEmpty]).toEqual([
    true,
    true,
    undefined,
    false,
  ]);
  const both = new ClearMarks(log('a', everything, 'b'));
  expect(both.on('a')).toBe(both.on('c'));
  expect(both.on('b')).not.toBe(both.on('c'));
});

it('is empty when nothing was cleared', () => {
  for (const marks of [new ClearMarks(), new ClearMarks(new Uint8Array())])
    expect([marks.isEmpty, marks.on('a')]).toEqual([true, undefined]);
});

it('never gives the same mark twice', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => newMark('a').toString())).size).toBe(1_000);
});

it('takes what it cannot read for a mark on everything, and reads on behind it', () => {
  const whole = log('a', 'b');
  for (let length = 1; length < newMark('a').length - 1; length++) {
    const marks = new ClearMarks(Buffer.concat([whole.subarray(0, length), newMark('b')]));
    const known = new ClearMarks(whole.subarray(0, length));
    expect([length, known.isEmpty || known.on('any') !== undefined, marks.on('b') !== marks.on('any')]).toEqual([
      length,
      true,
      true,
    ]);
  }
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [1, 0x20, 0xff]) {
      const marks = new ClearMarks(whole.map((byte, i) => (i === at ? byte ^ flip : byte)));
      const isUnharmed =
        marks.on('a') === new ClearMarks(whole).on('a') && marks.on('b') === new ClearMarks(whole).on('b');
      expect([at, isUnharmed || marks.on('any') !== undefined]).toEqual([at, true]);
    }
  }
});
