import { crc32 } from 'node:zlib';

/** The words of an entry's line by name; a forger can write any of them under a right checksum. */
export const words = [
  'seal',
  'key',
  'digest',
  'size',
  'plainSize',
  'beside',
  'source',
  'serializer',
  'format',
  'compressor',
  'encrypter',
  'keyId',
  'marks',
  'dynamic',
  'requires',
] as const;
export type Word = (typeof words)[number];

/** An entry as somebody without a key to it writes it: with other words, JSON or bytes, under a right checksum. */
export function forged(
  entry: Uint8Array,
  change: Partial<Record<Word, string>>,
  json: (json: string) => string = (text) => text,
  bytes?: Uint8Array,
): Uint8Array {
  const text = Buffer.from(entry).toString('latin1');
  const end = text.indexOf('\n');
  const [start, , ...rest] = text.slice(0, end).split(' ');
  const changed = words.map((word, i) => change[word] ?? rest[i]);
  const line = [...changed, json(rest.slice(words.length).join(' '))].join(' ');
  const sum = crc32(Buffer.from(line, 'latin1'), crc32(`${start} `));
  return Buffer.concat([
    Buffer.from(`${start} ${sum.toString(16).padStart(8, '0')} ${line}\n`, 'latin1'),
    bytes ?? Buffer.from(text.slice(end + 1), 'latin1'),
  ]);
}
