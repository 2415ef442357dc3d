// W4: one Float64Array of 12.5 million random doubles, saved, then loaded in a new process, page cache warm.
//
// node large-array.js floor|ours|cbor-x + write|keyv save|load never|always FOLDER
// `always` flushes the file to the disk, `never` does not.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Runner, Storage, Task } from 'tidemark';
import { peers } from './peers';

const length = 12_500_000;
const header = 64;

function makeArray(): Float64Array {
  const array = new Float64Array(length);
  // Random numbers in [0, 1) with 53 bits, by xorshift, the same for both contestants.
  let seed = 42;
  const next = () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed >>> 0;
  };
  for (let i = 0; i < length; i++) array[i] = ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
  return array;
}

let array: Float64Array | undefined;

@Task({ save: true })
class Large {
  run(): Float64Array {
    return array!;
  }
}

/** Saves an array to a folder, and loads it. */
export interface Contestant {
  save(array: Float64Array, folder: string, flush: string): Promise<void>;
  load(folder: string): Promise<Float64Array>;
}

/** The floor: a header and the very bytes, in one file; loaded into memory that is aligned. */
const floor: Contestant = {
  async save(array, folder, flush) {
    mkdirSync(folder, { recursive: true });
    const file = openSync(join(folder, 'array'), 'w');
    writeSync(file, new Uint8Array(header));
    const bytes = new Uint8Array(array.buffer);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    if (flush === 'always') fsyncSync(file);
    closeSync(file);
  },
  async load(folder) {
    const file = openSync(join(folder, 'array'), 'r');
    const bytes = new Uint8Array(fstatSync(file).size - header);
    for (let done = 0; done < bytes.length; ) done += readSync(file, bytes, done, bytes.length - done, header + done);
    closeSync(file);
    return new Float64Array(bytes.buffer);
  },
};

/** As in the other workloads, the run is measured, not the making of the runner. */
function ours(folder: string, flush: string): Contestant {
  const runner = new Runner({ storage: Storage.open(`file:${folder}`, { fsync: flush as 'never' }) });
  return {
    save: async () => void (await runner.run(Large)),
    load: () => runner.run(Large),
  };
}

/** The cost of the digest that Tidemark computes for each result, for comparison. */
function millisecondsOfSha256(bytes: Uint8Array): number {
  const start = performance.now();
  createHash('sha256').update(bytes).digest('hex');
  return performance.now() - start;
}

async function main(contestant: string, phase: string, flush: string, folder: string): Promise<void> {
  const one = contestant === 'floor' ? floor : contestant === 'ours' ? ours(folder, flush) : peers[contestant]!;
  if (phase === 'save') array = makeArray();
  const start = performance.now();
  const loaded = phase === 'save' ? await one.save(array!, folder, flush) : await one.load(folder);
  const ms = performance.now() - start;
  const memory = process.resourceUsage().maxRSS / 1024;
  const last = (loaded ?? array!)[length - 1]!;
  if (last !== (array ?? makeArray())[length - 1]) throw new Error(`the last double is ${last}`);
  const sha = millisecondsOfSha256(new Uint8Array((loaded ?? array!).buffer));
  console.log(JSON.stringify({ ms, 'peak MB': memory, 'SHA-256 alone, ms': sha }));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!, process.argv[5]!);
