// The cost of lossless serialisation: 10,000 small objects, and one large typed array, serialised by cbor-x alone and
// by Tidemark's serializer.
//
// node lossless-check.js floor|ours objects|array
import { cbor } from 'tidemark';

const objects = Array.from({ length: 10_000 }, (_, id) => ({
  id,
  name: `item ${id}`,
  isEven: id % 2 === 0,
  tags: ['one', 'two', `tag ${id % 7}`],
  text: 'abcdefgh'.repeat(64),
  values: Array.from({ length: 48 }, (_, i) => id / 3 + i * 0.1),
}));

async function main(contestant: string, what: string): Promise<void> {
  const { Encoder } = require('cbor-x');
  const plain = new Encoder({
    useRecords: false,
    variableMapSize: true,
    structuredClone: true,
    mapsAsObjects: true,
    useTag259ForMaps: true,
    tagUint8Array: true,
    copyBuffers: true,
  });
  const values: unknown[] = what === 'objects' ? objects : [new Float64Array(1_000_000).map(() => Math.random())];
  const serialize = contestant === 'floor' ? (value: unknown) => new Uint8Array(plain.encode(value)) : cbor.serialize;
  const once = async () => {
    for (const value of values) {
      const bytes = serialize(value);
      if (bytes instanceof Promise) await bytes;
    }
  };
  await once();
  const start = performance.now();
  for (let i = 0; i < 5; i++) await once();
  console.log(JSON.stringify({ 'µs a value': ((performance.now() - start) * 1000) / 5 / values.length }));
}

void main(process.argv[2]!, process.argv[3]!);
