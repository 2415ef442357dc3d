import type { LeaseBackend } from '../../../../src/storage/leases/lease';
import { LeaseManager } from '../../../../src/storage/leases/lease-manager';
import { LoopRenewer } from '../../../../src/storage/leases/renewal';
import type { TaskKey } from '../../../../src/task/context';
import { type VirtualProcess, World } from './world';

export const key = 'Choose/0f3a' as TaskKey;
export const expiresAfter = 600;

/** A store that several virtual processes use. */
export interface Arena {
  /** The leases as one process sees them: what takes several steps is done by `world.step`. */
  board(world: World, of: VirtualProcess): LeaseBackend;
  /** What is under the key now. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
  /** As when somebody deletes files, or Redis starts without its data. */
  loseLeases(): Promise<void>;
  /** Called after each step. */
  passTime?(now: number): Promise<void>;
}

/** What may go wrong. */
export interface Troubles {
  readonly sleeps?: boolean;
  readonly deaths?: boolean;
  readonly losses?: boolean;
  readonly failures?: boolean;
}

const troubledSteps = 150;
const mostSteps = 20_000;
const stale = 'stale';

/** Three processes want one result, and whatever can go wrong does. Throws when a promise of leases is broken. */
export class Contest {
  readonly #world: World;
  readonly #arena: Arena;
  readonly #troubles: Troubles;
  /** Those who have the lease, or believe it. */
  readonly #owners = new Set<VirtualProcess>();
  readonly #refused = new Set<string>();
  readonly #written = new Set<string>();
  readonly #got: string[] = [];
  /** What is under the key once it is there. */
  #result: string | undefined;
  #computed = 0;
  #hasLost = false;

  constructor(seed: number, arena: Arena, troubles: Troubles) {
    this.#world = new World(seed);
    this.#arena = arena;
    this.#troubles = troubles;
  }

  /** Gives how often the result was computed. */
  async run(): Promise<number> {
    const world = this.#world;
    if (world.random() < 0.3) await this.#arena.write(stale);
    const failures: unknown[] = [];
    for (const name of ['a', 'b', 'c']) {
      const process = world.process(name);
      void this.#compete(process).then(
        () => void (process.ended = true),
        (error) => failures.push(error),
      );
    }
    let steps = 0;
    while (world.processes.some(({ isDead, ended }) => !isDead && !ended)) {
      if (failures.length > 0) throw failures[0];
      if (++steps > mostSteps || !(await world.advance()))
        throw new Error(`nobody gets on any more, after ${steps} steps`);
      await this.#arena.passTime?.(world.now);
      await this.#checkResult();
      if (steps < troubledSteps) await this.#makeTrouble();
    }
    this.#checkEnd();
    return this.#computed;
  }

  /** What a run does for a task. */
  async #compete(process: VirtualProcess): Promise<void> {
    const board = this.#arena.board(this.#world, process);
    const leases = new LeaseManager(
      board,
      { read: this.#readAs(process), location: 'the arena' },
      { expiresAfter },
      {
        clock: process.clock,
        renewer: new LoopRenewer(board, process.clock),
      },
    );
    for (let turn = 0; ; turn++) {
      const lease = await leases.acquire(key);
      if (!lease) {
        await leases.whenFree(key, new AbortController().signal);
        continue;
      }
      this.#own(process);
      const there = await this.#readAs(process)(key);
      if (there !== undefined && textOf(there) !== stale) {
        this.#owners.delete(process);
        await lease.release();
        this.#got.push(textOf(there));
        return;
      }
      const text = `${process.name}${turn}`;
      this.#computed++;
      await new Promise<void>((done) => void process.clock.after(this.#world.random() * 2 * expiresAfter, done, true));
      if (this.#troubles.failures && this.#world.random() < 0.2) {
        this.#owners.delete(process);
        await lease.release();
        continue;
      }
      const isWritten = await lease.write({
        bytes: Buffer.from(text),
        durable: this.#world.random() < 0.1,
        isStale: (bytes) => textOf(bytes) === stale,
      });
      this.#owners.delete(process);
      (isWritten ? this.#written : this.#refused).add(text);
    }
  }

  /** One owner at a time, unless the other was silent for too long, or this one before it knew that it is the owner. */
  #own(process: VirtualProcess): void {
    for (const other of this.#owners) {
      const { now } = this.#world;
      const silence = Math.max(other.silenceAt(now), process.silenceAt(now));
      const isDone = this.#result !== undefined || other.isDead || this.#hasLost;
      if (silence < expiresAfter && !isDone)
        throw new Error(`${process.name} has the lease of ${other.name}, who was silent for ${silence} only`);
    }
    this.#owners.add(process);
  }

  #readAs(process: VirtualProcess): (key: TaskKey) => Promise<Uint8Array | undefined> {
    return () =>
      this.#world.step(process, async () => {
        const text = await this.#arena.read();
        return text === undefined ? undefined : Buffer.from(text);
      });
  }

  /** What one owner has written stays. */
  async #checkResult(): Promise<void> {
    const now = await this.#arena.read();
    if (this.#result !== undefined && now !== this.#result) throw new Error(`${this.#result} became ${now}`);
    if (now !== undefined && now !== stale) this.#result = now;
  }

  async #makeTrouble(): Promise<void> {
    const { random, processes, now } = this.#world;
    const { sleeps, deaths, losses } = this.#troubles;
    const victim = processes[Math.floor(random() * processes.length)]!;
    if (sleeps && random() < 0.04) victim.sleepsUntil = now + random() * 3 * expiresAfter;
    if (deaths && random() < 0.01 && processes.filter(({ isDead }) => !isDead).length > 1) victim.isDead = true;
    if (losses && random() < 0.01) {
      this.#hasLost = true;
      await this.#arena.loseLeases();
    }
  }

  #checkEnd(): void {
    if (this.#result === undefined) throw new Error('there is no result');
    for (const got of this.#got)
      if (got !== this.#result) throw new Error(`${got} was loaded, where ${this.#result} is`);
    for (const text of this.#written)
      if (text !== this.#result) throw new Error(`${text} was said to be written, where ${this.#result} is`);
    if (this.#refused.has(this.#result)) throw new Error(`${this.#result} was said not to be written`);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
