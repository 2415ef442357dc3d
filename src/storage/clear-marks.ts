import { hash, randomBytes } from 'node:crypto';

/** Stands for all results of a task. */
export const everything = '*';

const none: readonly string[] = Object.freeze([]);

/** Stands between the clear that a mark is of and the number of its log. */
const dot = '.';

/**
 * The clear marks on a task's results: which were forgotten, so that what came from them no longer counts.
 *
 * They are kept as a log, a line a mark, to which lines are only added: two processes that clear at the same
 * moment lose nothing. Each layer of a storage has a log, and a clear writes a mark of its own into each, one after
 * the other. Of the marks on one result in one log only the last matters: who has seen it has seen the others.
 */
export class ClearMarks {
  readonly #logs: readonly Log[];

  /** @param logs of each layer, undefined where there is none */
  constructor(logs: readonly (Uint8Array | undefined)[]) {
    this.#logs = logs.map((bytes) => new Log(bytes)).filter(({ isEmpty }) => !isEmpty);
  }

  get isEmpty(): boolean {
    return this.#logs.length === 0;
  }

  /**
   * The last marks on a result: one a log, less those whose clear came to another log afterwards. Whoever saw the last
   * mark there began later than all that this log has; the other way round it may have begun in between.
   *
   * @param name the part of its key after the task
   */
  on(name: string): readonly string[] {
    if (this.#logs.length === 0) return none;
    const last = [...new Set(this.#logs.flatMap((log) => log.on(name) ?? []))];
    return last.length === 1 ? last : last.filter((mark) => !this.#logs.some((log) => log.hasLater(mark)));
  }
}

class Log {
  /** The number that the log has in each clear. */
  readonly #numbers = new Map<string, number>();
  readonly #byName = new Map<string, string>();
  #all: string | undefined;

  constructor(bytes: Uint8Array | undefined) {
    for (const line of bytes ? Buffer.from(bytes).toString('latin1').split('\n') : []) {
      if (line === '') continue;
      const [id = '', name = '', check] = line.split(' ');
      // A mark that cannot be read might have been on anything: so it is on everything.
      const isWhole = check === checkOf(id, name);
      const mark = isWhole ? id : hash('sha256', line, 'hex').slice(0, 16);
      const [clear, number] = partsOf(mark);
      this.#numbers.set(clear, number);
      if (isWhole && name !== everything) {
        this.#byName.set(name, mark);
      } else {
        this.#all = mark;
        this.#byName.clear();
      }
    }
  }

  get isEmpty(): boolean {
    return this.#numbers.size === 0;
  }

  on(name: string): string | undefined {
    return this.#byName.get(name) ?? this.#all;
  }

  /** Whether the clear of a mark in another log was written here after it was written there. */
  hasLater(mark: string): boolean {
    const [clear, number] = partsOf(mark);
    return (this.#numbers.get(clear) ?? -1) > number;
  }
}

/**
 * A new mark for each log, to be written in this order, as a line.
 *
 * @param name the part of a key after the task, or `everything`
 */
export function newMarks(name: string, logs: number): readonly Uint8Array[] {
  const clear = randomBytes(8).toString('hex');
  return Array.from({ length: logs }, (_, number) => {
    const id = `${clear}${dot}${number}`;
    // On a line of its own even behind one that a crash cut short.
    return Buffer.from(`\n${id} ${name} ${checkOf(id, name)}\n`, 'latin1');
  });
}

function partsOf(mark: string): [clear: string, number: number] {
  const [clear = '', number = 0] = mark.split(dot);
  return [clear, Number(number)];
}

function checkOf(id: string, name: string): string {
  return hash('sha256', `${id} ${name}`, 'hex').slice(0, 8);
}
