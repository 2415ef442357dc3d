import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { UnexpectedReplyError } from '../../../redis/redis-error';
import type { Connection } from '../connection';
import type { RedisKeys } from '../protocol/redis-keys';

/** An event of a queue's stream: `waiting`, `active`, `progress`, `completed`, `failed`, `removed`, `stalled`… */
export interface QueueEvent {
  readonly type: string;
  readonly jobId: string;
  /** Content of the event: the answer of a job, or a message of the task. */
  readonly text: string;
}

/** Who follows a queue. */
export interface EventFollower {
  /** The key of the queue's stream. */
  readonly stream: string;
  /** How many jobs it waits for. */
  readonly waiting: number;
  handle(event: QueueEvent): void;
  /** Asked now and then: whether it still waits for something. When not, it is followed no more, and this is the last call. */
  keepsFollowing(): boolean;
}

type Streams = readonly (readonly [stream: string, events: readonly (readonly [id: string, fields: string[]])[]])[];

/** How long one request may wait for events, in milliseconds, and how long it may take until it counts as lost. */
const blockTimeout = 4_000;
const requestTimeout = 10_000;
const eventsAtOnce = 1_000;
const wakeTtl = 60_000;
/** Of this many jobs, something happens all the time: reading it all at once, every so many milliseconds, costs a fraction. */
const busyFrom = 64;
const gatherInterval = 4;
/** Where in an event the values are: `event completed jobId 7 returnvalue …`. */
const [typeAt, jobIdAt, textAt] = [1, 3, 5];
const firstId = '0-0';

/** Reads the events of all queues of a driver over one connection, from where it was when it lost that. */
export class EventReader {
  readonly #commands: Connection;
  readonly #connection: Connection;
  readonly #wakeKey: string;
  readonly #followers = new Map<string, EventFollower>();
  /** The last event that was read of each stream. */
  readonly #lastIds = new Map<string, string>();
  #isReading = false;
  #isClosed = false;

  /** @param connection what it reads by, which is blocked most of the time */
  constructor(commands: Connection, connection: Connection, keys: RedisKeys) {
    this.#commands = commands;
    this.#connection = connection;
    this.#wakeKey = keys.wake(randomUUID());
  }

  /** Gives it all events of a queue from now on. Resolves when no later one can be missed. */
  async follow(follower: EventFollower): Promise<void> {
    const { stream } = follower;
    const events: unknown = await this.#commands.client.xrevrange(stream, '+', '-', 'COUNT', 1);
    if (!Array.isArray(events)) throw new UnexpectedReplyError('XREVRANGE', events);
    const [last] = events;
    this.#lastIds.set(stream, lastEventId(last));
    this.#followers.set(stream, follower);
    if (this.#isReading) this.#wake();
    else void this.#read();
  }

  /** Whether all events of a queue up to this one were handled. While disconnected, they wait in Redis. */
  hasRead(stream: string, id: string): boolean {
    const [readAt, readCount] = idParts(this.#lastIds.get(stream) ?? firstId);
    const [at, count] = idParts(id);
    return readAt > at || (readAt === at && readCount >= count);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** The request under way does not know of a stream that was added. */
  #wake(): void {
    const { client } = this.#commands;
    const woken = client
      .pipeline()
      .xadd(this.#wakeKey, 'MAXLEN', 1, '*', 'event', 'wake')
      .pexpire(this.#wakeKey, wakeTtl)
      .exec();
    // Without it, the next request takes it up.
    woken.catch(() => undefined);
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    this.#lastIds.set(this.#wakeKey, firstId);
    while (!this.#isClosed && this.#followers.size > 0) {
      try {
        const streams = await this.#request();
        for (const [stream, events] of streams ?? []) this.#dispatch(stream, events);
        if (this.#waiting() >= busyFrom) await wait(gatherInterval);
      } catch {
        // The connection reports when it is lost for good; until then, it reconnects.
        await wait(20);
      }
      for (const [stream, follower] of this.#followers) if (!follower.keepsFollowing()) this.#followers.delete(stream);
    }
    this.#isReading = false;
  }

  #waiting(): number {
    let sum = 0;
    for (const { waiting } of this.#followers.values()) sum += waiting;
    return sum;
  }

  /** A connection of which the other end is gone tells nothing, so a request that takes too long ends it. */
  async #request(): Promise<Streams | null> {
    const streams = [...this.#followers.keys(), this.#wakeKey];
    const ids = streams.map((stream) => this.#lastIds.get(stream)!);
    const watchdog = setTimeout(() => this.#connection.reset(), requestTimeout).unref();
    try {
      const { client } = this.#connection;
      const asked = client.xread('COUNT', eventsAtOnce, 'BLOCK', blockTimeout, 'STREAMS', ...streams, ...ids);
      return (await asked) as Streams | null;
    } finally {
      clearTimeout(watchdog);
    }
  }

  #dispatch(stream: string, events: Streams[number][1]): void {
    const follower = this.#followers.get(stream);
    for (const [id, fields] of events) {
      this.#lastIds.set(stream, id);
      follower?.handle({ type: fields[typeAt]!, jobId: fields[jobIdAt] ?? '', text: fields[textAt] ?? '' });
    }
  }
}

/** The id of an event as `XREVRANGE` gives it; without one, what comes before all. */
export function lastEventId(entry: readonly [id: string, fields: string[]] | undefined): string {
  return entry?.[0] ?? firstId;
}

function idParts(id: string): readonly [milliseconds: number, count: number] {
  const [at, count] = id.split('-');
  return [Number(at), Number(count)];
}
