import { hash, randomBytes } from 'node:crypto';
import { crc32 } from '../format/entry-format';

const folder = '@cleared/';

/** The log that names the logs of all tasks. Its id is the epoch of the store. */
export const trunkKey = `${folder}@epoch`;

/** The log of a task. @param task the folder of the task */
export function rootKey(task: string): string {
  return folder + task;
}

/** The prefix of the keys of all logs below that of a task. */
export function belowPrefix(task: string): string {
  return `${folder}${task}@`;
}

/** A log below that of a task. @param generation of the task's log @param path hexadecimal digits */
export function belowKey(task: string, generation: string, path: string): string {
  return `${belowPrefix(task)}${generation}.${path}`;
}

/** The log of one result that was cleared before. @param spread from `spreadOf` */
export function ownKey(task: string, generation: string, spread: string): string {
  return `${belowPrefix(task)}${generation}-${spread}`;
}

/** Hexadecimal digits that spread results evenly over the logs of their task. */
export function spreadOf(name: string): string {
  return hash('sha256', name, 'hex').slice(0, 32);
}

/** The name for all results of a task. */
export const everything = '*';

/** Names of lines that are not marks, and prefixes of such names; the name of a result contains none of them. */
const header = '#';
const child = '>';
const moved = '=';
const earlier = '^';

/** With more marks in a log, further ones go to the logs below it. */
const mostMarks = 64;
/** A log remembers this many clears that later ones replaced. */
const mostEarlier = 64;

/** Separates the id of a clear from the number of the store. */
const dot = '.';

/** The kinds of lines of a log. A line begins and ends with a newline, so that it is whole behind one that a crash cut short. */
export const lines = {
  /** The id of a log: the first header counts. */
  header: (id: string) => line(id, header),
  mark: (mark: string, name: string) => line(mark, name),
  /** A log below this one. */
  child: (id: string, name: string) => line(id, child + name),
  /** The log of one result that was cleared before. */
  moved: (id: string, name: string) => line(id, moved + name),
};

/**
 * A log of clear marks: an entry to which lines are appended, so that two processes that clear at the same time lose
 * nothing. A log has an id, which the log above it names, so that an evicted log is noticed.
 */
export class MarkLog {
  /** Undefined when there is no such log. */
  readonly id: string | undefined;
  /** The last mark on all results of the task. */
  readonly everything: string | undefined;
  /** The last mark on each result since then. */
  readonly marks = new Map<string, string>();
  /** The ids of the logs of single results. */
  readonly moved = new Map<string, string[]>();
  /** The ids of the logs below this one. */
  readonly children = new Map<string, string[]>();
  /** A mark on all results for each line that cannot be read: it might have been a mark on any of them. */
  readonly unreadable: string[] = [];
  /** The number of the last store that each clear reached. */
  readonly #numbers = new Map<string, number>();
  #count = 0;

  constructor(bytes: Uint8Array | undefined) {
    let id: string | undefined;
    for (const text of bytes ? textOf(bytes).split('\n') : []) {
      if (text === '') continue;
      const [first = '', name = '', check] = text.split(' ');
      if (check !== checkOf(first, name)) this.unreadable.push(`u${hash('sha256', text, 'hex').slice(0, 16)}`);
      else if (name === header) id ??= first;
      else if (name === everything) this.everything = this.#add(first, () => this.#forget());
      else this.#addLine(first, name);
    }
    this.id = id;
  }

  get isEmpty(): boolean {
    return this.#numbers.size === 0 && this.unreadable.length === 0;
  }

  /** Further marks go to the logs below. */
  get isFull(): boolean {
    return this.#count >= mostMarks;
  }

  /** Other logs must be read to know all marks. */
  get isDeep(): boolean {
    return this.children.size > 0 || this.moved.size > 0;
  }

  /** The clear of the last mark on all results, or else the log itself: the logs below belong to it. */
  get generation(): string {
    return this.everything === undefined ? (this.id ?? '0') : partsOf(this.everything)[0];
  }

  /** The clear behind a mark in another store reached this store after that one. */
  hasLater(mark: string): boolean {
    const [clear, number] = partsOf(mark);
    return (this.#numbers.get(clear) ?? -1) > number;
  }

  /** A log that replaces this one: it has one mark, and remembers the clears of this one. */
  replacedBy(id: string, mark: string, name: string): Uint8Array {
    const before = [...this.#numbers].slice(-mostEarlier).map(([clear, number]) => `${clear}${dot}${number}`);
    return Buffer.concat([lines.header(id), ...before.map((one) => line(one, earlier)), lines.mark(mark, name)]);
  }

  #addLine(id: string, name: string): void {
    if (name === earlier) {
      this.#add(id);
    } else if (name.startsWith(child)) {
      listIn(this.children, name.slice(child.length), id);
    } else if (name.startsWith(moved)) {
      this.#count++;
      this.marks.delete(name.slice(moved.length));
      listIn(this.moved, name.slice(moved.length), id);
    } else {
      this.#count++;
      this.marks.set(name, this.#add(id));
    }
  }

  #add(mark: string, also?: () => void): string {
    const [clear, number] = partsOf(mark);
    this.#numbers.set(clear, number);
    also?.();
    return mark;
  }

  #forget(): void {
    this.#count = 0;
    for (const map of [this.marks, this.moved, this.children]) map.clear();
  }
}

/** A random id for a log, a clear or a storage. */
export function newMarkId(): string {
  return randomBytes(8).toString('hex');
}

/** The mark of a clear in one of the stores. */
export function markForStore(clear: string, number: number): string {
  return `${clear}${dot}${number}`;
}

/** The mark for everything in a log that is lost; undefined if it is not. @param ids the ids of the log in the log above it */
export function lostMark(ids: readonly string[] | undefined, { id }: MarkLog): string | undefined {
  const lost = ids?.findLast((one) => one !== id);
  return lost === undefined ? undefined : `x${lost}`;
}

function line(id: string, name: string): Buffer {
  return Buffer.from(`\n${id} ${name} ${checkOf(id, name)}\n`, 'latin1');
}

function partsOf(mark: string): [clear: string, number: number] {
  const [clear = '', number = 0] = mark.split(dot);
  return [clear, Number(number)];
}

function checkOf(id: string, name: string): string {
  return crc32(`${id} ${name}`).toString(16).padStart(8, '0');
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

function listIn(lists: Map<string, string[]>, name: string, id: string): void {
  const ids = lists.get(name);
  if (!ids) lists.set(name, [id]);
  else if (!ids.includes(id)) ids.push(id);
}
