import * as v8 from 'node:v8';
import * as yaml from 'yaml';
import { TidemarkError } from '../../src/base/error';
import { gzip } from '../../src/encoding/compression/zlib';
import { aesGcm } from '../../src/encoding/encryption/aes-gcm';
import { defaultEncoder, encoder } from '../../src/encoding/make-encoder';
import { bytes, cbor, json, v8 as ownV8 } from '../../src/encoding/serialization/serializers';
import { shuffle } from '../../src/encoding/shuffle';
import { through } from './support/through';

const lz4 = require('lz4js');
const identity = { id: 'identity', encode: (value: unknown) => value, decode: (value: unknown) => value };

test('is the default without options', () => {
  expect(encoder()).toEqual(defaultEncoder);
  expect(encoder({ filters: [] })).toEqual(defaultEncoder);
});

test('without a serializer, the value must be bytes', () => {
  const none = encoder({ filters: null, serializer: null, compressor: null, encrypter: null });
  expect(none).toEqual({ serialization: bytes, compression: null, encryption: null });
  expect(() => none.serialization.serialize({ a: 1 })).toThrow('Cannot save result: it is not bytes');
  expect(none.serialization.serialize(Buffer.from('abc'))).toMatchObject({ format: 'raw:Buffer' });
});

test.each<[string, any, string]>([
  ['a misspelt option', { compresser: null }, 'an encoder has no option compresser; did you mean compressor?'],
  ['a filter that is no list', { filters: identity }, 'the option filters of an encoder must be a list'],
  [
    'a filter without methods',
    { filters: [identity, { encode() {} }] },
    'filter 2 of the encoder is an object with encode; it must have the methods encode and decode',
  ],
  [
    'a serializer without methods',
    { serializer: { parse() {} } },
    'the serializer is an object with parse; it must have the methods stringify and parse, or serialize and deserialize',
  ],
  ['a compressor by name', { compressor: 'gzip' }, 'the compressor is a string; it must have the methods compress and'],
  ['one that was not called', { compressor: gzip }, 'it is a function: did you mean to call it?'],
  ['an encrypter without methods', { encrypter: { key: 'secret' } }, 'the encrypter is an object with key; it must'],
  ['an id of several words', { compressor: { ...lz4, id: 'l z' } }, '"l z" is not a valid id for a part of an encoder'],
])('refuses %s at once', (_, parts, message) => {
  expect(() => encoder(parts)).toThrow(TidemarkError);
  expect(() => encoder(parts)).toThrow(message);
});

test('does not reveal secrets of a part that it refuses', () => {
  expect(() => encoder({ encrypter: { key: 'open sesame' } as any })).not.toThrow('sesame');
});

const Static = Object.assign(class Static {}, { stringify: JSON.stringify.bind(null), parse: JSON.parse.bind(null) });
class Packer {
  pack = (value: unknown) => JSON.stringify(value);
  unpack = (text: string) => JSON.parse(text);
}

test.each<[string, any, string | RegExp]>([
  ['its id', { ...yaml, id: 'yaml' }, 'yaml'],
  ['its class', new Packer(), 'Packer'],
  ['the class that it is', Static, 'Static'],
  ['its code, when it has no name', yaml, /^custom-[0-9a-f]{8}$/],
  ['what it is to Node', v8, 'v8'],
  ['what it is to the language', JSON, 'json'],
])('records call a serializer by %s', (_, serializer, id) => {
  expect(encoder({ serializer }).serialization.id).toEqual(typeof id === 'string' ? id : expect.stringMatching(id));
});

test('records name the filters and the serializer', () => {
  expect(encoder({ filters: [shuffle(), identity], serializer: json }).serialization.id).toBe('shuffle+identity+json');
});

test('modules without a name get different ids', () => {
  const [a, b] = [
    { stringify: () => '1', parse: () => 1 },
    { stringify: () => '2', parse: () => 1 },
  ];
  const [idOfA, idOfB] = [a, b].map((serializer) => encoder({ serializer }).serialization.id);
  expect(idOfA).not.toBe(idOfB);
  expect(encoder({ serializer: { ...a } }).serialization.id).toBe(idOfA);
});

test('built-in parts are used without adaptation', () => {
  for (const serializer of [cbor, json, ownV8, bytes]) expect(encoder({ serializer }).serialization).toBe(serializer);
  const [compressor, encrypter] = [gzip(), aesGcm({ key: Buffer.alloc(32, 1) })];
  expect(encoder({ compressor, encrypter })).toMatchObject({ compression: compressor, encryption: encrypter });
});

test('filters are reversed in the opposite order', async () => {
  const wrap = (name: string) => ({
    id: name,
    encode: async (value: unknown) => ({ [name]: value }),
    decode: (value: any) => {
      if (Object.keys(value)[0] !== name) throw new Error(`not ${name}`);
      return value[name];
    },
  });
  const both = encoder({ filters: [wrap('a'), wrap('b')], serializer: json, compressor: null });
  const { back, kept } = await through(both, [1]);
  expect(Buffer.from(kept).toString()).toBe('{"b":{"a":[1]}}');
  expect(back).toEqual([1]);
});

test('every kind of part may be asynchronous and concurrent', async () => {
  const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 1, value));
  const slow = encoder({
    filters: [{ id: 'f', encode: later, decode: later }],
    serializer: {
      id: 's',
      pack: async (value) => later(JSON.stringify(value)),
      unpack: (text) => later(JSON.parse(text)),
    },
    compressor: {
      id: 'c',
      compress: async (data: Uint8Array) => later(lz4.compress(data)),
      decompress: async (data: Uint8Array) => later(lz4.decompress(data)),
    },
    encrypter: {
      id: 'e',
      encrypt: (data: Uint8Array) => later(data.map((byte: number) => byte ^ 1)),
      decrypt: (data: Uint8Array) => later(data.map((byte: number) => byte ^ 1)),
    },
  });
  const values = [1, 2, 3].map((n) => Array.from({ length: 2_000 }, () => n));
  const all = await Promise.all(values.map((value) => through(slow, value)));
  expect(all.map(({ back }) => back)).toEqual(values);
});
