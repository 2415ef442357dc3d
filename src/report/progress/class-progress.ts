/** Tells the tasks of a class apart: their params, of which a node has one object. Keys would have to be made first. */
type TaskId = Readonly<Record<string, unknown>>;

/** How far the tasks of one class are. */
export class ClassProgress {
  ran = 0;
  loaded = 0;
  failed = 0;
  skipped = 0;
  /** When the first started or was loaded, in milliseconds since 1970. */
  since: number | undefined;
  /** How many there were said to be; undefined while nobody said. */
  expected: number | undefined;
  /** How many of those are to run rather than to be loaded; undefined while nobody said. */
  toRun: number | undefined;
  /** What the tasks that run said last of how far they are, in shares of 1. */
  readonly shares = new Map<TaskId, number>();
  note: string | undefined;
  readonly #running = new Set<TaskId>();
  #seconds = 0;

  constructor(readonly task: string) {}

  get running(): number {
    return this.#running.size;
  }

  /** How many there are: more than was said when results brought others. */
  get total(): number | undefined {
    return this.expected === undefined ? undefined : Math.max(this.expected, this.over + this.running);
  }

  /** Those of which nothing more is to come. */
  get over(): number {
    return this.ran + this.loaded + this.failed + this.skipped;
  }

  get isComplete(): boolean {
    return this.total !== undefined && this.over >= this.total;
  }

  start(id: TaskId, time: number): void {
    this.since ??= time;
    this.#running.add(id);
  }

  fail(id: TaskId, willRetry: boolean): void {
    this.end(id);
    if (!willRetry) this.failed++;
  }

  /** A task no longer runs, for whatever reason. */
  end(id: TaskId): void {
    this.#running.delete(id);
    if (this.shares.delete(id) || this.#running.size === 0) this.note = undefined;
  }

  /** It will not run; it may have been said to, and was given back before it began. */
  skip(id: TaskId): void {
    this.end(id);
    this.skipped++;
  }

  finish(id: TaskId, seconds: number): void {
    this.end(id);
    this.ran++;
    this.#seconds += seconds;
  }

  progress(id: TaskId, { done, total = 1, note }: { done: number; total?: number; note?: string | undefined }): void {
    const share = done / total;
    if (this.#running.has(id)) this.shares.set(id, share >= 0 && share <= 1 ? share : 0);
    this.note = note ?? this.note;
  }

  /** What part of all is done, what runs included; undefined when it is not known how much there is. */
  get share(): number | undefined {
    if (!this.total) return undefined;
    return Math.min(1, (this.over + this.#begun) / this.total);
  }

  /** How long it goes on, in seconds, if tasks take as long as before. */
  left(earlier: number | undefined): number | undefined {
    if (this.total === undefined || this.running === 0) return undefined;
    const mean = this.ran > 0 ? this.#seconds / this.ran : earlier;
    if (mean === undefined) return undefined;
    const open = Math.max(
      this.running,
      (this.toRun ?? this.total - this.loaded) - this.ran - this.failed - this.skipped,
    );
    return (Math.max(0, open - this.#begun) * mean) / Math.min(open, this.running);
  }

  /** How many end a second; undefined for too few. */
  rate(time: number): number | undefined {
    const ended = this.ran + this.loaded;
    return this.since === undefined || ended < 2 || time <= this.since
      ? undefined
      : (ended / (time - this.since)) * 1000;
  }

  get #begun(): number {
    let sum = 0;
    for (const share of this.shares.values()) sum += share;
    return sum;
  }
}
