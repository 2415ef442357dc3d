import type { WaitingJob } from './waiting-job';

/** How long jobs wait before it is asked whether anybody takes them, in milliseconds. */
const heardAfter = 10_000;

/** Says it once when nobody seems to take the jobs of a queue. */
export class Unheard {
  readonly #jobs: ReadonlyMap<string, WaitingJob>;
  #isSaid = false;

  constructor(jobs: ReadonlyMap<string, WaitingJob>) {
    this.#jobs = jobs;
  }

  /** Whether its jobs have waited for so long that perhaps nobody takes them. */
  get mayBe(): boolean {
    if (this.#isSaid) return false;
    const [first] = this.#jobs.values();
    return first !== undefined && !first.isStarted && performance.now() - first.since > heardAfter;
  }

  say(): void {
    this.#isSaid = true;
    const [first] = this.#jobs.values();
    const [watcher] = first?.watchers ?? [];
    watcher?.unheard();
  }
}
