import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../../../src/storage/leases/renewal';

interface Step {
  readonly of: VirtualProcess;
  /** Timers come at their time. */
  readonly at: number;
  readonly act: () => unknown;
}

/** A process as others see it: it can sleep at any step, and die. */
export class VirtualProcess {
  readonly name: string;
  readonly clock: Clock;
  /** Resolves when it does what it does in the end. */
  ended = false;
  isDead = false;
  sleepsUntil = 0;
  /** When others last saw that it lives, and the longest time in which they did not, since it took a lease. */
  lastSign = 0;
  longestSilence = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.clock = {
      now: () => world.now,
      after: (milliseconds, call) => world.add({ of: this, at: world.now + milliseconds, act: call }),
    };
  }

  takes(now: number): void {
    this.lastSign = now;
    this.longestSilence = 0;
  }

  givesSign(now: number): void {
    this.longestSilence = this.silenceAt(now);
    this.lastSign = now;
  }

  silenceAt(now: number): number {
    return Math.max(this.longestSilence, now - this.lastSign);
  }
}

/**
 * Processes whose steps come in any order, and the time that passes meanwhile: all of it chosen by chance, and the
 * same again for the same seed.
 */
export class World {
  now = 0;
  readonly random: () => number;
  readonly processes: VirtualProcess[] = [];
  readonly #steps = new Set<Step>();

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  process(name: string): VirtualProcess {
    const process = new VirtualProcess(name, this);
    this.processes.push(process);
    return process;
  }

  /** Does something when it is this process's turn. */
  step<T>(of: VirtualProcess, act: () => T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.add({
        of,
        at: 0,
        act: async () => {
          try {
            resolve(await act());
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  #open(): Step[] {
    return [...this.#steps].filter(({ of }) => !of.isDead);
  }

  add(step: Step): () => void {
    this.#steps.add(step);
    return () => void this.#steps.delete(step);
  }

  /** One step of one process, or some time when there is none to take. Gives false when nothing can happen any more. */
  async advance(): Promise<boolean> {
    const open = this.#open();
    // What is no step, such as flushing a folder, takes as long as it takes.
    for (let waited = 0; open.length === 0 && waited < 500; waited++) {
      await wait(10);
      open.push(...this.#open());
      if (this.processes.every(({ isDead, ended }) => isDead || ended)) return true;
    }
    const ready = open.filter(({ of, at }) => Math.max(at, of.sleepsUntil) <= this.now);
    if (ready.length === 0) {
      if (open.length === 0) return false;
      this.now = Math.min(...open.map(({ of, at }) => Math.max(at, of.sleepsUntil)));
      return true;
    }
    const step = ready[Math.floor(this.random() * ready.length)]!;
    this.#steps.delete(step);
    await step.act();
    // What follows from it comes as far as its next step.
    await nextTurn();
    return true;
  }
}

/** Numbers from 0 to 1 that depend on a seed alone (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
