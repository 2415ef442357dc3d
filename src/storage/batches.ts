import { isPromiseLike } from '../awaitable';
import type { Bytes } from '../encoding/encoder';
import type { StoreAdapter } from './store';

const mostEntries = 500;
const mostBytes = 8 * 1024 * 1024;
/** Batches under way at once: one is on its way while the next is gathered, or more gathers in each. */
const mostUnderWay = 2;

interface Item<In, Out> {
  readonly input: In;
  readonly size: number;
  readonly resolve: (value: Out) => void;
  readonly reject: (reason: unknown) => void;
}

/** Gathers what is asked for at the same time, and asks a backend for all of it at once. */
class Batcher<In, Out> {
  readonly #send: (inputs: In[]) => unknown;
  readonly #waiting: Item<In, Out>[] = [];
  #underWay = 0;
  #isScheduled = false;

  /** @param send gives an array with an answer for each input, or nothing when there is nothing to answer */
  constructor(send: (inputs: In[]) => unknown) {
    this.#send = send;
  }

  add(input: In, size: number): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, size, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // What is asked for in the same turn is in by then.
      process.nextTick(() => {
        this.#isScheduled = false;
        this.#sendMore();
      });
    });
  }

  #sendMore(): void {
    while (this.#underWay < mostUnderWay && this.#waiting.length > 0) void this.#sendBatch(this.#take());
  }

  #take(): Item<In, Out>[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < mostEntries && (count === 0 || bytes < mostBytes))
      bytes += this.#waiting[count++]!.size;
    return this.#waiting.splice(0, count);
  }

  async #sendBatch(batch: Item<In, Out>[]): Promise<void> {
    this.#underWay++;
    try {
      const sent = this.#send(batch.map(({ input }) => input));
      const answers = (isPromiseLike(sent) ? await sent : sent) as Out[] | undefined;
      for (let i = 0; i < batch.length; i++) batch[i]!.resolve(answers?.[i] as Out);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#underWay--;
    this.#sendMore();
  }
}

/** Reads and writes of a store in batches, where it can do them. */
export class Batches {
  readonly read: ((key: string) => Promise<unknown>) | undefined;
  readonly write: ((key: string, bytes: Bytes) => Promise<unknown>) | undefined;

  constructor(store: StoreAdapter) {
    if (store.getMany) {
      const reads = new Batcher<string, unknown>((keys) => store.getMany!(keys));
      this.read = (key) => reads.add(key, 0);
    }
    if (store.setMany) {
      const writes = new Batcher<{ key: string; value: Bytes }, unknown>((entries) => store.setMany!(entries));
      this.write = (key, value) => writes.add({ key, value }, value.byteLength);
    }
  }
}
