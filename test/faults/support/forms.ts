import {
  aesGcm,
  brotli,
  bytes,
  cbor,
  DamagedCheckpointError,
  type Encoder,
  encoder,
  gzip,
  json,
  Storage,
  type StorageOptions,
  shuffle,
  type TaskKey,
  v8,
  zstd,
} from 'tidemark';
import type { CheckpointHit } from '../../../src/storage/storage-stack';
import type { RecordFields } from '../../../src/storage/write-checkpoint';

const secret = aesGcm({ key: Buffer.alloc(32, 7) });
const small = (text: string) => ({ text, list: [1, 2.5, null] });
const rows = (amount: number) => Array.from({ length: 300 }, (_, i) => ({ name: `row ${i % 3}`, amount }));
const wave = (height: number) => Float64Array.from({ length: 700 }, (_, i) => Math.round(Math.sin(i / 100) * height));

/** How a result is kept, and two values that are kept in that way and take as many bytes. */
export interface Form {
  readonly encoder: Encoder | undefined;
  readonly value: unknown;
  readonly other: unknown;
  /** Whether some bits do not matter: those of a compressor's header that say when it was made, for one. */
  readonly hasIdleBits?: boolean;
}

/** The ways in which bytes can be kept: one of each kind, and small, so that every bit of them can be tried. */
export const forms: Readonly<Record<string, Form>> = {
  cbor: {
    encoder: undefined,
    value: { ...small('value'), at: new Date(0) },
    other: { ...small('other'), at: new Date(9) },
  },
  'a text': { encoder: undefined, value: 'value', other: 'other' },
  numbers: { encoder: undefined, value: Float32Array.of(1.5, -2), other: Float32Array.of(1.5, 2) },
  json: { encoder: encoder({ serializer: json }), value: small('value'), other: small('other') },
  v8: { encoder: encoder({ serializer: v8 }), value: [-0, small('value')], other: [-0, small('other')] },
  bytes: { encoder: encoder({ serializer: bytes }), value: Uint8Array.of(1, 10, 13), other: Uint8Array.of(1, 10, 12) },
  zstd: { encoder: encoder({ compressor: zstd() }), value: rows(100), other: rows(200), hasIdleBits: true },
  brotli: { encoder: encoder({ compressor: brotli() }), value: rows(100), other: rows(200), hasIdleBits: true },
  gzip: { encoder: encoder({ compressor: gzip() }), value: rows(100), other: rows(200), hasIdleBits: true },
  'shuffled and compressed': {
    encoder: encoder({ filters: [shuffle()], compressor: gzip() }),
    value: wave(8),
    other: wave(9),
    hasIdleBits: true,
  },
  encrypted: { encoder: encoder({ encrypter: secret }), value: small('value'), other: small('other') },
  'compressed and encrypted': {
    encoder: encoder({ compressor: gzip(), encrypter: secret }),
    value: rows(100),
    other: rows(200),
  },
  'shuffled, compressed and encrypted': {
    encoder: encoder({ filters: [shuffle()], serializer: cbor, compressor: brotli(), encrypter: secret }),
    value: wave(8),
    other: wave(9),
  },
};

export const encryptedForms = Object.keys(forms).filter((form) => form.includes('encrypted'));

/** Where the bytes are: in one entry with their record, or in one of their own. */
export type Place = 'inline' | 'beside';

const places: Readonly<Record<Place, StorageOptions>> = {
  inline: {},
  beside: { inlineBytes: 0 },
};

export const combinations = Object.keys(forms).flatMap((form) =>
  (['inline', 'beside'] as const).map((place) => [form, place] as const),
);

export function openForm(source: Parameters<typeof Storage.open>[0], form: string, place: Place): Storage {
  const { encoder } = forms[form]!;
  return Storage.open(source, { ...places[place], ...(encoder && { encoder }) });
}

/** Saves a result under a key, as a run does. `before` is what is there and counts no more. */
export async function saveAs(
  storage: Storage,
  key: string,
  value: unknown,
  { before, ...facts }: Partial<RecordFields> & { before?: readonly CheckpointHit[] | undefined } = {},
): Promise<TaskKey> {
  const { stack } = storage;
  const base: RecordFields = {
    key: key as TaskKey,
    task: key.slice(0, key.indexOf('/')),
    version: undefined,
    params: {},
    source: 'abcdef',
    requires: [],
    marks: [],
    dynamic: [],
    seconds: 0.001,
  };
  await stack.save({
    fields: { ...base, ...facts },
    forms: await stack.encode(value, undefined),
    encoder: undefined,
    stale: before,
  });
  return key as TaskKey;
}

/** What reading gives: the value, or that it is damaged; whatever else is thrown is thrown. */
export async function readOrDamaged(storage: Storage, key: TaskKey): Promise<unknown> {
  try {
    return await storage.get(key);
  } catch (error) {
    if (error instanceof DamagedCheckpointError && error.key === key) return damaged;
    throw error;
  }
}

export const damaged = Symbol('damaged');
