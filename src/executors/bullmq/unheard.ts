import type { WaitingJob } from './waiting-job';

/** How long jobs wait before it is asked whether anybody takes them, in milliseconds. */
const heardAfter = 10_000;

/** Says it when nobody seems to take the jobs of a queue: once, until somebody was there again. */
export class Unheard {
  readonly #jobs: ReadonlyMap<string, WaitingJob>;
  #isSaid = false;

  constructor(jobs: ReadonlyMap<string, WaitingJob>) {
    this.#jobs = jobs;
  }

  /** Whether its jobs take so long that perhaps nobody is there. Whoever had begun them may be gone as well. */
  get mayBe(): boolean {
    const [first] = this.#jobs.values();
    return first !== undefined && performance.now() - first.since > heardAfter;
  }

  /** @param workers how many there are */
  note(workers: number): void {
    if (workers > 0) this.#isSaid = false;
    else if (!this.#isSaid) this.#say();
  }

  #say(): void {
    this.#isSaid = true;
    const [first] = this.#jobs.values();
    const [watcher] = first?.watchers ?? [];
    watcher?.unheard();
  }
}
