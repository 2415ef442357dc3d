import { hash } from 'node:crypto';
import { type Awaitable, andThen } from '../../base/awaitable';
import { StorageError } from '../errors';
import type { StoreClient } from '../store-client';
import {
  belowKey,
  belowPrefix,
  everything,
  lines,
  MarkLog,
  newMarkId,
  ownKey,
  rootKey,
  spreadOf,
  trunkKey,
} from './mark-log';

/** A clear that other processes keep undoing fails after so many attempts. */
const attempts = 10;

/** The log of a task or a log below it, and its entry in the log above. */
interface Place {
  readonly key: string;
  readonly log: MarkLog;
  /** The key of the log above, and the name and ids of this one there. */
  readonly above: { readonly key: string; readonly name: string; readonly ids: readonly string[] };
}

/**
 * The clear marks of one store, as a tree of small logs: one that names the logs of all tasks, one per task, and below
 * that as many as the marks fill. A run reads as much as it asks for, not as much as was cleared.
 *
 * The id of the first log is the epoch of the store: each record names the epoch in which it was saved, and counts in
 * no other. When any part of the tree is evicted, earlier records become stale; none becomes valid again.
 */
export class MarkStore {
  readonly #client: StoreClient;
  /** The epoch, once there is one. */
  #epoch: Awaitable<string> | undefined;

  constructor(client: StoreClient) {
    this.#client = client;
  }

  /** Makes the following reads see everything that other processes have written by now. */
  refresh(): void {
    this.#client.refresh();
  }

  /** Reads a log. @param convert makes the result of it */
  read<T>(key: string, convert: (log: MarkLog) => T): Awaitable<T> {
    return andThen(this.#client.read(key, { small: true }), (bytes) => convert(new MarkLog(bytes)));
  }

  /** Reads the log of all tasks. @param convert makes the result of it and the epoch, which is undefined if there is none yet */
  readTrunk<T>(convert: (trunk: MarkLog, epoch: string | undefined) => T): Awaitable<T> {
    return this.read(trunkKey, (trunk) => {
      const epoch = epochOf(trunk);
      this.#epoch = epoch;
      return convert(trunk, epoch);
    });
  }

  /** The epoch for new results; made by the first save. */
  epoch(): Awaitable<string> {
    if (this.#epoch !== undefined) return this.#epoch;
    const made = andThen(this.#makeEpoch(), (epoch) => (this.#epoch = epoch));
    if (typeof made === 'string') return made;
    const pending = made.then(undefined, (error) => {
      if (this.#epoch === pending) this.#epoch = undefined;
      throw error;
    });
    return (this.#epoch = pending);
  }

  /** Adds a mark on one result. @param task the folder of the task @param name the part of the key after the task */
  async add(task: string, name: string, mark: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const root = await this.#root(task);
      const { generation } = root.log;
      const path = await this.#pathTo(root, task, name);
      const place = path.at(-1)!;
      const { marks, moved } = place.log;
      const isMoved = marks.has(name) || moved.has(name);
      if (isMoved) await this.#addToOwn(place, ownKey(task, generation, spreadOf(name)), name, mark);
      else path[path.length - 1] = await this.#addTo(place, name, mark);
      // From below, so that each log exists before it is named.
      for (const one of path.toReversed()) await this.#register(one);
      // The logs below that of the task belong to its last mark on all results: another one may have come meanwhile.
      if (!isMoved && place === root) return;
      if ((await this.#root(task)).log.generation === generation) return;
      if (attempt === attempts) throw this.#undone(rootKey(task));
    }
  }

  /** Adds a mark on all results of a task: it replaces all their marks. */
  async addOnAll(task: string, mark: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { key, log, above } = await this.#root(task);
      const below = log.isDeep ? await this.#below(task) : [];
      const id = log.id ?? above.ids.at(-1) ?? newMarkId();
      await this.#client.write(key, log.replacedBy(id, mark, everything), { durable: true });
      const now = await this.#root(task);
      // Without an atomic append, another process may have restored the earlier log.
      if (now.log.everything !== log.everything) {
        await this.#register(now);
        await Promise.all(below.map((one) => this.#client.delete(one)));
        return;
      }
      if (attempt === attempts) throw this.#undone(key);
    }
  }

  /** Makes the epoch of a store: of several processes that try, the first one wins. */
  #makeEpoch(): Awaitable<string> {
    const read = () => {
      this.#client.refresh();
      return andThen(this.#client.read(trunkKey), (bytes) => epochOf(new MarkLog(bytes)));
    };
    return andThen(read(), (before) => {
      if (before !== undefined) return before;
      const id = newMarkId();
      // A store may show a write later.
      return andThen(this.#client.appendLazily(trunkKey, lines.header(id)), () =>
        andThen(read(), (epoch) => epoch ?? id),
      );
    });
  }

  async #root(task: string): Promise<Place> {
    this.#client.refresh();
    const [trunk, log] = await Promise.all([this.#log(trunkKey), this.#log(rootKey(task))]);
    if (trunk.id === undefined) {
      this.#epoch = undefined;
      await this.epoch();
    }
    return { key: rootKey(task), log, above: { key: trunkKey, name: task, ids: trunk.children.get(task) ?? [] } };
  }

  /** The logs from that of a task down to the one for a mark on a result. */
  async #pathTo(root: Place, task: string, name: string): Promise<Place[]> {
    const spread = spreadOf(name);
    const path = [root];
    for (let depth = 1; ; depth++) {
      const { key, log } = path.at(-1)!;
      if (!log.isFull || log.marks.has(name) || log.moved.has(name)) return path;
      const digit = spread[depth - 1]!;
      const below = belowKey(task, root.log.generation, spread.slice(0, depth));
      const above = { key, name: digit, ids: log.children.get(digit) ?? [] };
      path.push({ key: below, log: await this.#log(below), above });
    }
  }

  /** Adds a mark to a log; returns the log with its id. */
  async #addTo(place: Place, name: string, mark: string): Promise<Place> {
    const { key, log } = place;
    const line = lines.mark(mark, name);
    await this.#client.append(key, log.id === undefined ? Buffer.concat([lines.header(newMarkId()), line]) : line);
    return log.id === undefined ? { ...place, log: await this.#log(key) } : place;
  }

  /** Replaces the mark in the log of a result that was cleared before. */
  async #addToOwn({ key, log }: Place, own: string, name: string, mark: string): Promise<void> {
    const before = await this.#log(own);
    const id = before.id ?? newMarkId();
    await this.#client.write(own, before.replacedBy(id, mark, name), { durable: true });
    if (log.marks.has(name) || !log.moved.get(name)?.includes(id))
      await this.#client.append(key, lines.moved(id, name));
  }

  /** Names a log in the one above it, so that its eviction is noticed. */
  async #register({ log, above }: Place): Promise<void> {
    if (log.id !== undefined && !above.ids.includes(log.id))
      await this.#client.append(above.key, lines.child(log.id, above.name));
  }

  async #log(key: string): Promise<MarkLog> {
    return new MarkLog(await this.#client.read(key, { small: true }));
  }

  /** The keys of the logs below that of a task; none in stores that cannot list keys, where these logs stay unused. */
  async #below(task: string): Promise<readonly string[]> {
    const keys: string[] = [];
    try {
      for await (const key of this.#client.keys(belowPrefix(task))) keys.push(key);
    } catch {
      return [];
    }
    return keys;
  }

  #undone(key: string): StorageError {
    const message = `${key} could not be kept in ${this.#client.location}: other processes keep overwriting it. Clear again when fewer do`;
    return new StorageError(message, { operation: 'write', key });
  }
}

/** A line that cannot be read may have named any log, so it makes another epoch. */
function epochOf({ id, unreadable }: MarkLog): string | undefined {
  if (id === undefined || unreadable.length === 0) return id;
  return hash('sha256', [id, ...unreadable].join(), 'hex').slice(0, 16);
}
