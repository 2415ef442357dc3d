import { join } from 'node:path';
import * as cborX from 'cbor-x';
import { runChild } from '../../support/child';
import { temporaryFolder } from '../../support/temporary-folder';
import { deserialize, serialize } from '../support/serialize';

const folder = temporaryFolder();

const roundTrip = (value: unknown): unknown => {
  const { format, bytes } = serialize(value);
  return deserialize(bytes, format);
};

it("is not affected by the extensions and limits of a program's cbor-x", () => {
  const value = { at: new Date(1_700_000_000_123), url: new URL('https://a.b/'), set: new Set([1]), list: [1, 2, 3] };
  const before = serialize(value);
  cborX.addExtension({
    Class: Date,
    tag: 43_311,
    encode: (date: Date, encode: (value: unknown) => void) => encode(date.toISOString().slice(0, 10)),
    decode: (text: string) => new Date(text),
  } as never);
  for (const tag of [1, 258, 1140]) cborX.addExtension({ tag, decode: () => 'of the program' } as never);
  cborX.setSizeLimits({ maxArraySize: 1 } as never);
  expect(serialize(value)).toEqual(before);
  expect(deserialize(before.bytes, before.format)).toStrictEqual(value);
  expect(roundTrip(value)).toStrictEqual(value);
});

it('does not affect what a program encodes with cbor-x', () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  const before = new cborX.Encoder({ useRecords: false }).encode(bare);
  serialize([bare]);
  expect(new cborX.Encoder({ useRecords: false }).encode(bare)).toEqual(before);
});

it('restores results when a program has changed prototypes', async () => {
  const changed = await runChild(join(__dirname, 'fixtures/changed-prototypes.ts'), [], { cwd: folder.path });
  expect(changed).toEqual({ runs: 1, same: [true, true, true, true, true, true, true] });
});

it('works where a test mocks the file system', () => {
  jest.isolateModules(() => {
    jest.doMock('node:fs', () => ({ ...jest.requireActual('node:fs'), readFileSync: () => undefined }));
    const mocked =
      require('../../../src/encoding/serialization/cbor') as typeof import('../../../src/encoding/serialization/cbor');
    const value = { at: new Date(5), list: ['x'.repeat(100)] };
    expect(mocked.decodeCbor(mocked.encodeCbor(value, false))).toStrictEqual(value);
    jest.dontMock('node:fs');
  });
});

it('works where Node disallows code generation from strings', async () => {
  const nodeOptions = ['--disallow-code-generation-from-strings'];
  const fixture = join(__dirname, 'fixtures/changed-prototypes.ts');
  expect(await runChild(fixture, [], { cwd: folder.path, nodeOptions })).toMatchObject({ runs: 1 });
});
