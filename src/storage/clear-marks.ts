import { hash, randomBytes } from 'node:crypto';

/**
 * The clear marks on a task's results: which were forgotten, so that what came from them no longer counts.
 *
 * They are kept as a log, a line a mark, to which lines are only added: two processes that clear at the same
 * moment lose nothing. Of the marks on one result only the last matters: who has seen it has seen the others.
 */
export class ClearMarks {
  readonly #all: string | undefined;
  readonly #byName: ReadonlyMap<string, string>;

  constructor(log?: Uint8Array) {
    const byName = new Map<string, string>();
    for (const line of log ? Buffer.from(log).toString('latin1').split('\n') : []) {
      if (line === '') continue;
      const [id = '', name = '', check] = line.split(' ');
      // A mark that cannot be read might have been on anything: so it is on everything.
      const isWhole = check === checkOf(id, name);
      if (isWhole && name !== everything) {
        byName.set(name, id);
      } else {
        this.#all = isWhole ? id : hash('sha256', line, 'hex').slice(0, 16);
        byName.clear();
      }
    }
    this.#byName = byName;
  }

  get isEmpty(): boolean {
    return this.#all === undefined && this.#byName.size === 0;
  }

  /** The last mark on a result. @param name the part of its key after the task */
  on(name: string): string | undefined {
    return this.#byName.get(name) ?? this.#all;
  }
}

/** Stands for all results of a task. */
export const everything = '*';

/** A new mark, as a line of the log. @param name the part of a key after the task, or `everything` */
export function newMark(name: string): Uint8Array {
  const id = randomBytes(8).toString('hex');
  // On a line of its own even behind one that a crash cut short.
  return Buffer.from(`\n${id} ${name} ${checkOf(id, name)}\n`, 'latin1');
}

function checkOf(id: string, name: string): string {
  return hash('sha256', `${id} ${name}`, 'hex').slice(0, 8);
}
