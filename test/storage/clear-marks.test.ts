import { ClearMarks, everything, newMarks } from '../../src/storage/clear-marks';

const marksOf = (log: Uint8Array) => {
  const marks = new ClearMarks([log]);
  return { isEmpty: marks.isEmpty, on: (name: string) => marks.on(name)[0] };
};
const newMark = (name: string) => newMarks(name, 1)[0]!;
const log = (...names: string[]) => Buffer.concat(names.map(newMark));
const idOf = (mark: Uint8Array) => Buffer.from(mark).toString().trim().split(' ')[0];
/** What is required of results called `a`, with these logs. */
const on = (...logs: Uint8Array[][]) => new ClearMarks(logs.map((log) => Buffer.concat(log))).on('a');

it('knows the last mark on each result, and on all', () => {
  const marks = marksOf(log('a', 'b', 'a'));
  expect([marks.on('a') !== undefined, marks.on('a') !== marks.on('b'), marks.on('c'), marks.isEmpty]).toEqual([
    true,
    true,
    undefined,
    false,
  ]);
  const both = marksOf(log('a', everything, 'b'));
  expect(both.on('a')).toBe(both.on('c'));
  expect(both.on('b')).not.toBe(both.on('c'));
});

it('is empty when nothing was cleared', () => {
  for (const marks of [new ClearMarks([]), new ClearMarks([new Uint8Array()]), new ClearMarks([undefined])])
    expect([marks.isEmpty, marks.on('a')]).toEqual([true, []]);
});

it('never gives the same mark twice', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => newMark('a').toString())).size).toBe(1_000);
});

it('takes what it cannot read for a mark on everything, and reads on behind it', () => {
  const whole = log('a', 'b');
  for (let length = 1; length < newMark('a').length - 1; length++) {
    const marks = marksOf(Buffer.concat([whole.subarray(0, length), newMark('b')]));
    const known = marksOf(whole.subarray(0, length));
    expect([length, known.isEmpty || known.on('any') !== undefined, marks.on('b') !== marks.on('any')]).toEqual([
      length,
      true,
      true,
    ]);
  }
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [1, 0x20, 0xff]) {
      const marks = marksOf(whole.map((byte, i) => (i === at ? byte ^ flip : byte)));
      const isUnharmed = marks.on('a') === marksOf(whole).on('a') && marks.on('b') === marksOf(whole).on('b');
      expect([at, isUnharmed || marks.on('any') !== undefined]).toEqual([at, true]);
    }
  }
});

it('knows the last marks of several logs, each once', () => {
  const [a, b, all] = [newMark('a'), newMark('b'), newMark(everything)];
  expect(on([a], [a])).toEqual([idOf(a)]);
  expect(on([a], [b])).toEqual([idOf(a)]);
  expect(on([a], [all])).toEqual([idOf(a), idOf(all)]);
});

it('needs a mark no more whose clear came to another log afterwards', () => {
  const [near, far] = newMarks('a', 2) as [Uint8Array, Uint8Array];
  const [alone, all] = [newMark('a'), newMark(everything)];
  expect(on([near], [far])).toEqual([idOf(far)]);
  expect(on([far], [near])).toEqual([idOf(far)]);
  expect(on([near], [far, alone])).toEqual([idOf(alone)]);
  expect(on([near], [far, all], [alone])).toEqual([idOf(all), idOf(alone)]);
  expect(on([near, alone], [far])).toEqual([idOf(alone), idOf(far)]);
});

it('still needs one mark of two clears that came to two logs in different order', () => {
  const [one, other] = [newMarks('a', 2), newMarks('a', 2)] as [Uint8Array[], Uint8Array[]];
  const now = on([one[0]!, other[0]!], [other[1]!, one[1]!]);
  expect(now).toEqual([idOf(one[1]!)]);
  // Neither those who had seen the one in the near log only, nor the other in either, have seen both.
  for (const seen of [on([one[0]!], []), on([one[0]!, other[0]!], []), on([one[0]!], [other[1]!])])
    expect(now.every((mark) => seen.includes(mark))).toBe(false);
});

it('does not take a clear that had come to one log only for one that came to both', () => {
  const [later, between] = [newMarks('a', 2) as [Uint8Array, Uint8Array], newMark('a')];
  // A run begins when the later one is in the near log; then the one in between comes to the far log before it.
  const seen = on([later[0]], []);
  expect(on([later[0]], [between, later[1]]).every((mark) => seen.includes(mark))).toBe(false);
});
