import { execFileSync } from 'node:child_process';
import { deserialize, serialize } from '../support/serialize';

const roundTrip = (value: unknown): any => {
  const { format, bytes } = serialize(value);
  return deserialize(bytes, format);
};

test.each([
  ['cbor', { a: [1] }],
  ['cbor', { a: 'x'.repeat(3_000_000) }],
  ['v8', [new Array(1), { a: 1 }]],
])('gives out bytes of %s that hold no more memory than they are long', (format, value) => {
  const serialized = serialize(value);
  expect(serialized.format).toBe(format);
  expect(serialized.bytes.buffer.byteLength).toBe(serialized.bytes.byteLength);
});

test('returns bytes that do not change later', () => {
  const { bytes } = serialize({ a: 1 });
  const before = Buffer.from(bytes).toString('hex');
  for (let i = 0; i < 100; i++) serialize({ b: 'y'.repeat(i) });
  expect(Buffer.from(bytes).toString('hex')).toBe(before);
});

test.each([
  ['cbor', {}],
  ['v8', new Array(1)],
])('decodes typed arrays of %s to copies of their own', (_, beside) => {
  const [buffer, floats, bytes] = roundTrip([
    Buffer.from('abc'),
    Float64Array.from([1.5]),
    new Uint8Array([1]),
    beside,
  ]);
  expect(buffer.buffer.byteLength).toBe(3);
  expect(floats.buffer.byteLength).toBe(8);
  expect(bytes.buffer.byteLength).toBe(1);
});

test('decodes from any part of a bigger buffer without changing it', () => {
  const value = [Buffer.from('abc'), new Uint8Array([1, 2]), 'text'];
  for (const serialized of [serialize(value), serialize([...value, new Array(1)])]) {
    const part = Buffer.concat([Buffer.alloc(3), serialized.bytes, Buffer.alloc(2)]).subarray(3, -2);
    expect(deserialize(part, serialized.format)).toEqual(deserialize(serialized.bytes, serialized.format));
    expect(Object.keys(part)).toHaveLength(part.length);
  }
});

test('does not affect other users of cbor-x', () => {
  const cbor = require('cbor-x');
  const value = [new URL('http://a'), Object.assign(Object.create(null), { a: 1 })];
  const before = cbor.encode(value);
  roundTrip(value);
  expect(cbor.encode(value)).toEqual(before);
  expect(cbor.decode(before)).toEqual([{}, { a: 1 }]);
});

test('decodes the same without the native part of cbor-x', () => {
  const program = `
    const { serialize, deserialize } = require('${require.resolve('../../../src/encoding/make-encoder')}').defaultEncoder.serialization;
    const value = ['\\ufeff' + 'a'.repeat(100), 'é'.repeat(100), 'x'.repeat(70), { ['ключ'.repeat(20)]: '日本' }];
    const { format, bytes } = serialize(value);
    process.stdout.write(JSON.stringify(deserialize(bytes, format)) === JSON.stringify(value) ? 'same' : 'different');`;
  const env = { ...process.env, CBOR_NATIVE_ACCELERATION_DISABLED: 'true' };
  expect(execFileSync(process.execPath, ['-r', 'esbuild-register', '-e', program], { env, encoding: 'utf8' })).toBe(
    'same',
  );
});

test('loads cbor-x on first use, which a single number is not', () => {
  const program = `
    const { serialize, deserialize } = require('${require.resolve('../../../src/encoding/make-encoder')}').defaultEncoder.serialization;
    const fs = require('node:fs');
    const { readFileSync } = fs;
    const files = [];
    fs.readFileSync = (file, ...rest) => (files.push(String(file)), readFileSync(file, ...rest));
    const loaded = () => files.some((file) => file.includes('cbor-x'));
    serialize(1);
    const before = loaded();
    serialize([1]);
    process.stdout.write(before + ' ' + loaded());`;
  expect(execFileSync(process.execPath, ['-r', 'esbuild-register', '-e', program], { encoding: 'utf8' })).toBe(
    'false true',
  );
});
