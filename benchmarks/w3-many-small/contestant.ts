/** How many objects there are. */
export const count = 10_000;

/** An object of 950 bytes of CBOR. */
export function makeItem(id: number) {
  return {
    id,
    name: `item ${id}`,
    isEven: id % 2 === 0,
    tags: ['one', 'two', `tag ${id % 7}`],
    text: 'abcdefgh'.repeat(64),
    values: Array.from({ length: 48 }, (_, i) => id / 3 + i * 0.1),
  };
}

export type Item = ReturnType<typeof makeItem>;

export function sum(items: readonly { id: number }[]): number {
  return items.reduce((total, { id }) => total + id, 0);
}

/** Both phases return the sum of the ids. */
export interface Contestant {
  save(): Promise<number>;
  load(): Promise<number>;
}

/** Where objects are kept. */
export interface Place {
  readonly store: string;
  readonly folder: string;
  readonly redis: string;
}

export interface Cbor {
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): any;
}

/** cbor-x with the options that keep most types apart. */
export function makeCbor(): Cbor {
  const { Encoder } = require('cbor-x');
  return new Encoder({
    useRecords: false,
    variableMapSize: true,
    structuredClone: true,
    mapsAsObjects: true,
    useTag259ForMaps: true,
    tagUint8Array: true,
    copyBuffers: true,
  });
}
