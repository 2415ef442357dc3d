import { tableLines } from '../../src/cli/table';

const rows = [
  ['a', { shown: '1.2 s', raw: '1.2345' }],
  ['longer', { shown: 'x\ty\nz\u001b[31m', raw: 'x\ty\nz\u001b[31m' }],
];

it('is aligned under a heading on a terminal', () => {
  expect(tableLines(['name', 'took'], rows, true)).toEqual(['name    took', 'a       1.2 s', 'longer  x y z']);
});

it('is separated by tabs and exact when piped, whatever the cells contain', () => {
  expect(tableLines(['name', 'took'], rows, false)).toEqual(['a\t1.2345', 'longer\tx y z']);
});
