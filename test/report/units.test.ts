import { showBytes, showCount, showSeconds } from '../../src/report/units';

it.each([
  [0.00000012, '0 µs'],
  [0.00085, '850 µs'],
  [0.0009996, '1 ms'],
  [0.0123, '12 ms'],
  [0.9996, '1 s'],
  [3.44, '3.4 s'],
  [59.96, '1 min'],
  [125, '2 min 5 s'],
  [3599.6, '1 h'],
  [11_520, '3 h 12 min'],
])('shows %d seconds as %s', (seconds, text) => {
  expect(showSeconds(seconds)).toBe(text);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [34_400, '34 kB'],
  [999_600, '1 MB'],
  [1.23e9, '1.2 GB'],
  [5e15, '5000 TB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(showBytes(bytes)).toBe(text);
});

it('groups the digits of large counts', () => {
  expect([0, 999, 1000, 1234567].map(showCount)).toEqual(['0', '999', '1,000', '1,234,567']);
});
