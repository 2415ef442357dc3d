import { randomInt } from 'node:crypto';
import type { Awaitable } from '../base/awaitable';
import { isProcessAlive, thisProcess } from '../base/process-id';
import { decodeEntry } from './format/entry-format';
import { parseBlobKey } from './format/keys';
import { chunks, type StoreClient } from './store-client';

/** Time, machine, process id, start of the process and a counter, as hexadecimal digits. */
const pattern = /^([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{6})([0-9a-f]{4})[0-9a-f]{6}$/;
/** A blob without a record, of a live process or of another machine, is kept for this long, in seconds. */
const patience = 3600;
/** 2026: names with earlier or future times do not tell their writer. */
const first = 1_767_225_600;

/** Threads of a process, and copies of the package, start with different numbers. */
let counter = randomInt(2 ** 24);

/**
 * A unique name for a blob. It tells which process writes it and when, so that leftovers of killed processes are
 * recognised.
 */
export function newBlobName(): string {
  const { machine, pid, start } = thisProcess();
  counter = (counter + 1) % 2 ** 24;
  return [digits(seconds(), 8), machine, digits(pid, 6), shortened(start), digits(counter, 6)].join('');
}

/** No record will ever name this blob, as far as that can be told. */
export function isOrphanedBlob(name: string): boolean {
  const [, written = '', machine = '', pid = '', start = ''] = pattern.exec(name) ?? [];
  const time = Number.parseInt(written, 16);
  const now = seconds();
  if (!(time >= first && time <= now + patience)) return true;
  const own = thisProcess();
  const isHere = machine === own.machine;
  if (isHere && !isProcessAlive(Number.parseInt(pid, 16), (known) => shortened(known) === start)) return true;
  return now - time > patience;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function digits(value: number, count: number): string {
  return (value % 16 ** count).toString(16).padStart(count, '0');
}

/** The last digits of the start of a process, which the system counts up. */
function shortened(start: string): string {
  return digits(Number(start) || 0, 4);
}

/** A scan of a folder is followed by a pause of so many times its duration. */
const rest = 50;
/** A scan during a save looks at this many keys at most; a clear looks at all. */
const mostLookedAt = 20_000;

/** The result of the last scan of a folder: the names of orphaned blobs, by key. */
interface Known {
  readonly byKey: Map<string, string[]>;
  readonly restsUntil: number;
}

/**
 * The blobs that no record names, because a process was killed between the write of the blob and that of the record.
 * A blob that a live process has just written is kept.
 */
export class UnnamedBlobs {
  readonly #client: StoreClient;
  readonly #known = new Map<string, Promise<Known> | Known>();

  constructor(client: StoreClient) {
    this.#client = client;
  }

  /** Lists the keys of all blobs without a record, even those that are being saved. @param folder the folder of one task; without it, of all */
  async *list(folder: string | undefined): AsyncIterableIterator<string> {
    const keys = this.#client.keys(folder === undefined ? '' : `${folder}/`);
    for await (const group of chunks(blobKeysIn(keys))) {
      const named = await Promise.all(group.map(({ key, name }) => this.#isNamed(key, name)));
      for (const [i, { key, name }] of group.entries()) if (!named[i]) yield `${key}.${name}`;
    }
  }

  /** Removes the orphaned blobs of a task. */
  async removeIn(folder: string): Promise<void> {
    for await (const group of chunks(blobKeysIn(this.#client.keys(`${folder}/`))))
      await Promise.all(group.map(({ key, name }) => isOrphanedBlob(name) && this.remove(key, name)));
  }

  /** Removes the orphaned blobs of a key, in stores that list them fast. Errors are ignored. */
  removeOf(key: string): Awaitable<unknown> {
    const { listsFast } = this.#client;
    if (listsFast === undefined || key.startsWith('@')) return undefined;
    if (listsFast === 'by-prefix') return this.#look(`${key}.`).then((found) => this.#removeKnown(found, key));
    const folder = key.slice(0, key.indexOf('/') + 1);
    const known = this.#known.get(folder);
    if (known && !(known instanceof Promise) && performance.now() < known.restsUntil)
      return this.#removeKnown(known, key);
    return this.#lookOnce(folder, known).then((found) => this.#removeKnown(found, key));
  }

  /** @param known a scan in progress */
  #lookOnce(folder: string, known: Promise<Known> | Known | undefined): Promise<Known> {
    if (known instanceof Promise) return known;
    const looking = this.#look(folder);
    this.#known.set(folder, looking);
    void looking.then((found) => this.#known.set(folder, found));
    return looking;
  }

  async #look(prefix: string): Promise<Known> {
    const start = performance.now();
    const byKey = new Map<string, string[]>();
    let looks = 0;
    try {
      for await (const whole of this.#client.keys(prefix)) {
        if (++looks > mostLookedAt) break;
        const { key = '', name = '' } = parseBlobKey(whole) ?? {};
        if (name === '' || !isOrphanedBlob(name)) continue;
        const names = byKey.get(key);
        if (names) names.push(name);
        else byKey.set(key, [name]);
      }
    } catch {
      // The next scan tries again.
    }
    const end = performance.now();
    return { byKey, restsUntil: end + rest * (end - start) };
  }

  #removeKnown({ byKey }: Known, key: string): Promise<unknown> | undefined {
    const names = byKey.get(key);
    if (names === undefined) return undefined;
    byKey.delete(key);
    return Promise.all(names.map((name) => this.remove(key, name))).catch(() => undefined);
  }

  /** Removes a blob whose writer is gone or has failed, unless a record names it: none ever will. */
  async remove(key: string, name: string): Promise<void> {
    if (!(await this.#isNamed(key, name))) await this.#client.delete(`${key}.${name}`);
  }

  async #isNamed(key: string, name: string): Promise<boolean> {
    this.#client.refresh();
    const bytes = await this.#client.read(key, { small: true });
    const read = bytes && decodeEntry(bytes, key as never);
    // A record that cannot be read here, such as one of a newer version, may name it.
    return read !== undefined && (read.state === 'unreadable' || (read.state === 'whole' && read.entry.blob === name));
  }
}

async function* blobKeysIn(keys: AsyncIterable<string>): AsyncIterableIterator<{ key: string; name: string }> {
  for await (const key of keys) {
    const parts = parseBlobKey(key);
    if (parts) yield parts;
  }
}
