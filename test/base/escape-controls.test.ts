import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { TidemarkError } from 'tidemark';
import { escapeControls, escapeLine } from '../../src/base/show';

it('makes visible what moves a cursor or turns text around', () => {
  expect(escapeControls('a\u001b[2Jb\u009b1mc\u202ed\u2066e\rf\u0007')).toBe(
    String.raw`a\u001b[2Jb\u009b1mc\u202ed\u2066e\u000df\u0007`,
  );
});

it('leaves lines, tabs and letters of all languages as they are', () => {
  const text = 'a\tb\nc\r\nÄ שלום مرحبا 日本語 👩‍👩‍👧 x ‌y';
  expect(escapeControls(text)).toBe(text);
});

it('leaves JSON what it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(escapeControls(JSON.stringify({ text })))).toEqual({ text });
    }),
  );
});

it('gives one line without any control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeLine(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

it('is done to the message of each error of the package, which Node prints as it is', () => {
  const error = new TidemarkError('no task \u001b]0;owned\u0007');
  expect(error.message).toBe(String.raw`no task \u001b]0;owned\u0007`);
  expect(inspect(error)).not.toContain('\u001b');
});
