import { hash, randomBytes } from 'node:crypto';

/** Stands for all results of a task. */
export const everything = '*';

const none: readonly string[] = Object.freeze([]);

/**
 * The clear marks on a task's results: which were forgotten, so that what came from them no longer counts.
 *
 * They are kept as a log, a line a mark, to which lines are only added: two processes that clear at the same
 * moment lose nothing. Each layer of a storage has a log, and a mark may be in several. Of the marks on one result in
 * one log only the last matters: who has seen it has seen the others.
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

  /** The last marks on a result: one a log, less those that another log has an later one for. @param name the part of its key after the task */
  on(name: string): readonly string[] {
    if (this.#logs.length === 0) return none;
    const last = new Set(this.#logs.flatMap((log) => log.on(name) ?? []));
    if (last.size > 1)
      for (const mark of last) if (this.#logs.some((log) => log.hasBefore(mark, log.on(name)))) last.delete(mark);
    return [...last];
  }
}

class Log {
  readonly #order = new Map<string, number>();
  readonly #byName = new Map<string, string>();
  #all: string | undefined;

  constructor(bytes: Uint8Array | undefined) {
    for (const line of bytes ? Buffer.from(bytes).toString('latin1').split('\n') : []) {
      if (line === '') continue;
      const [id = '', name = '', check] = line.split(' ');
      // A mark that cannot be read might have been on anything: so it is on everything.
      const isWhole = check === checkOf(id, name);
      const mark = isWhole ? id : hash('sha256', line, 'hex').slice(0, 16);
      this.#order.set(mark, this.#order.size);
      if (isWhole && name !== everything) {
        this.#byName.set(name, mark);
      } else {
        this.#all = mark;
        this.#byName.clear();
      }
    }
  }

  get isEmpty(): boolean {
    return this.#order.size === 0;
  }

  on(name: string): string | undefined {
    return this.#byName.get(name) ?? this.#all;
  }

  /** Whether one mark is here, and before another. */
  hasBefore(mark: string, other: string | undefined): boolean {
    const at = this.#order.get(mark);
    const otherAt = other === undefined ? undefined : this.#order.get(other);
    return at !== undefined && otherAt !== undefined && at < otherAt;
  }
}

/** A new mark, as a line of a log. @param name the part of a key after the task, or `everything` */
export function newMark(name: string): Uint8Array {
  const id = randomBytes(8).toString('hex');
  // On a line of its own even behind one that a crash cut short.
  return Buffer.from(`\n${id} ${name} ${checkOf(id, name)}\n`, 'latin1');
}

function checkOf(id: string, name: string): string {
  return hash('sha256', `${id} ${name}`, 'hex').slice(0, 8);
}
