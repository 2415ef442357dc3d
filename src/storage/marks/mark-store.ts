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

/** How often a clear is begun anew that others keep undoing. */
const attempts = 10;

/** The log of a task or below it, and what the log above it says of it. */
interface Place {
  readonly key: string;
  readonly log: MarkLog;
  /** The key of the log above, and what this one is called there. */
  readonly above: { readonly key: string; readonly name: string; readonly ids: readonly string[] };
}

/**
 * The clear marks that one store keeps, as a tree of small logs: one that names those of all tasks, one a task, and
 * below that as many as its marks fill. So what a run reads grows with what it asks for, not with what was cleared.
 *
 * The id of the first log is the epoch of the store: each record names the one in which it was saved, and counts in no
 * other. Whatever part of the tree is evicted, records from before become stale; none becomes valid again.
 */
export class MarkStore {
  readonly #client: StoreClient;
  /** The epoch, once it is known that there is one. */
  #epoch: Awaitable<string> | undefined;

  constructor(client: StoreClient) {
    this.#client = client;
  }

  /** Lets the reads that follow see all that other processes have written by now. */
  refresh(): void {
    this.#client.refresh();
  }

  /** Reads the log of a key. @param take given it */
  read<T>(key: string, take: (log: MarkLog) => T): Awaitable<T> {
    return andThen(this.#client.read(key, { small: true }), (bytes) => take(new MarkLog(bytes)));
  }

  /** Reads the log of all tasks. @param take given it and the epoch, which is undefined when there is none yet */
  readTrunk<T>(take: (trunk: MarkLog, epoch: string | undefined) => T): Awaitable<T> {
    return this.read(trunkKey, (trunk) => {
      const epoch = epochOf(trunk);
      this.#epoch = epoch;
      return take(trunk, epoch);
    });
  }

  /** The epoch that results are saved in; a new one when there is none, as before the first save. */
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

  /** Adds a mark on one result. @param task its folder @param name the part of its key after the task */
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
      // From below, so that what is named is there.
      for (const one of path.toReversed()) await this.#register(one);
      // What is below the log of the task belongs to its last mark on everything: another may have come meanwhile.
      if (!isMoved && place === root) return;
      if ((await this.#root(task)).log.generation === generation) return;
      if (attempt === attempts) throw this.#undone(rootKey(task));
    }
  }

  /** Adds a mark on all results of a task: it takes the place of all marks that there are. */
  async addOnAll(task: string, mark: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { key, log, above } = await this.#root(task);
      const below = log.isDeep ? await this.#below(task) : [];
      const id = log.id ?? above.ids.at(-1) ?? newMarkId();
      await this.#client.write(key, log.replacedBy(id, mark, everything), { durable: true });
      const now = await this.#root(task);
      // Where nothing is added in one indivisible step, another process may have put back what was there.
      if (now.log.everything !== log.everything) {
        await this.#register(now);
        await Promise.all(below.map((one) => this.#client.delete(one)));
        return;
      }
      if (attempt === attempts) throw this.#undone(key);
    }
  }

  /** Of several processes that begin to use a store, the first makes its epoch. */
  #makeEpoch(): Awaitable<string> {
    const read = () => {
      this.#client.refresh();
      return andThen(this.#client.read(trunkKey), (bytes) => epochOf(new MarkLog(bytes)));
    };
    return andThen(read(), (before) => {
      if (before !== undefined) return before;
      const id = newMarkId();
      // What cannot be read at once may be there later.
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

  /** The logs from that of a task down to the one that a mark on a result belongs into. */
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

  /** Adds a mark to a log; gives that with its id. */
  async #addTo(place: Place, name: string, mark: string): Promise<Place> {
    const { key, log } = place;
    const line = lines.mark(mark, name);
    await this.#client.append(key, log.id === undefined ? Buffer.concat([lines.header(newMarkId()), line]) : line);
    return log.id === undefined ? { ...place, log: await this.#log(key) } : place;
  }

  /** Puts a mark into the log of a result that was cleared before, in place of that which is there. */
  async #addToOwn({ key, log }: Place, own: string, name: string, mark: string): Promise<void> {
    const before = await this.#log(own);
    const id = before.id ?? newMarkId();
    await this.#client.write(own, before.replacedBy(id, mark, name), { durable: true });
    if (log.marks.has(name) || !log.moved.get(name)?.includes(id))
      await this.#client.append(key, lines.moved(id, name));
  }

  /** Names a log in the one above it, so that it is missed when it is evicted. */
  async #register({ log, above }: Place): Promise<void> {
    if (log.id !== undefined && !above.ids.includes(log.id))
      await this.#client.append(above.key, lines.child(log.id, above.name));
  }

  async #log(key: string): Promise<MarkLog> {
    return new MarkLog(await this.#client.read(key, { small: true }));
  }

  /** The keys of the logs below that of a task; none where keys cannot be listed: they are no longer read. */
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

/** A line that cannot be read may have named anything: so it makes another epoch. */
function epochOf({ id, unreadable }: MarkLog): string | undefined {
  if (id === undefined || unreadable.length === 0) return id;
  return hash('sha256', [id, ...unreadable].join(), 'hex').slice(0, 16);
}
