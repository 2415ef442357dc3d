import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { TidemarkError } from 'tidemark';
import { escapeControls, escapeLine } from '../../src/base/show';

it('escapes characters that move the cursor or change the direction of text', () => {
  expect(escapeControls('a\u001b[2Jb\u009b1mc\u202ed\u2066e\rf\u0007')).toBe(
    String.raw`a\u001b[2Jb\u009b1mc\u202ed\u2066e\u000df\u0007`,
  );
});

it('keeps line ends, tabs and letters of all languages', () => {
  const text = 'a\tb\nc\r\nÄ שלום مرحبا 日本語 👩‍👩‍👧 x ‌y';
  expect(escapeControls(text)).toBe(text);
});

it('keeps JSON equivalent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(escapeControls(JSON.stringify({ text })))).toEqual({ text });
    }),
  );
});

it('returns one line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeLine(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

it('applies to the message of each error of the package, which Node prints unchanged', () => {
  const error = new TidemarkError('no task \u001b]0;owned\u0007');
  expect(error.message).toBe(String.raw`no task \u001b]0;owned\u0007`);
  expect(inspect(error)).not.toContain('\u001b');
});
