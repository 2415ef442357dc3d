import { sharedState } from '../base/shared-state';
import { WeakList } from '../base/weak-list';
import { ownDeclaration } from './declaration';
import type { TaskClass } from './task-class';

/** The task classes of the process, shared by all copies of this package. */
const known = sharedState('tasks', () => ({
  /** By the class of their results. The only reference to tasks that are required by result class alone. */
  producers: new WeakMap<Function, Set<TaskClass>>(),
  /** Classes by name, for refs from storage. */
  named: new Map<string, WeakRef<TaskClass>>(),
  /** Classes whose name is a function, which is called on lookup. */
  renamed: new WeakList<TaskClass>(),
  /** Names declared by several live classes. */
  ambiguous: new Set<string>(),
  noted: undefined as TaskClass[] | undefined,
}));

/** Registers a task class by name, and by the class of its results, for requirements that name only that class. */
export function registerTask(cls: TaskClass, produces: Function | undefined): void {
  const { producers, named, renamed } = known;
  known.noted?.push(cls);
  const nameFrom = ownDeclaration(cls)?.task?.name;
  if (typeof nameFrom === 'function') renamed.add(cls);
  else {
    const name = nameFrom ?? cls.name;
    if (nameFrom === undefined && named.get(name)?.deref()) known.ambiguous.add(name);
    named.set(name, new WeakRef(cls));
  }
  if (produces === undefined) return;
  const others = producers.get(produces) ?? new Set();
  // A redeclared class replaces the former one, as with test runners and hot reload.
  for (const other of others) if (declaredName(other) === declaredName(cls)) others.delete(other);
  producers.set(produces, others.add(cls));
}

/** The class with a task name: the last declared one, unless it was collected. */
export function findTaskClass(name: string): TaskClass | undefined {
  const found = known.named.get(name)?.deref();
  if (found) return found;
  for (const cls of known.renamed.all()) {
    const nameFrom = ownDeclaration(cls)?.task?.name;
    if (typeof nameFrom === 'function' && nameFrom(cls) === name) return cls;
  }
  return undefined;
}

/** True once per name that several classes had at once implicitly. */
export function claimAmbiguity(name: string): boolean {
  return known.ambiguous.delete(name);
}

/** The tasks declared with this class as `produces`. */
export function producersOf(type: unknown): readonly TaskClass[] {
  return typeof type === 'function' ? [...(known.producers.get(type) ?? [])] : [];
}

/** The tasks declared since the first call, for lookups by name. Before that call, none is kept. */
export function declaredTasks(): readonly TaskClass[] {
  return (known.noted ??= []);
}

/** The name as far as known at declaration: a function for the name is called later. */
function declaredName(cls: TaskClass): string {
  const name = ownDeclaration(cls)?.task?.name;
  return typeof name === 'string' ? name : cls.name;
}

/** A result saved by this process: its key, and the digest of its content. */
interface SavedHere {
  readonly key: string;
  readonly digest: string;
}

/**
 * The classes of saved tasks that share one implicit name in this process: several if a function declares the class, if
 * two files declare one each, or if a module is loaded twice. Their results have the same keys.
 */
export class Namesakes {
  readonly #classes = new WeakSet<Function>();
  #first: WeakRef<Function> | undefined;
  #contestedSince = Number.POSITIVE_INFINITY;
  #saved: WeakMap<Function, Set<string>> | undefined;

  /** True for more than one class. */
  get areSeveral(): boolean {
    return this.#saved !== undefined;
  }

  add(cls: Function): void {
    if (this.#classes.has(cls)) return;
    this.#classes.add(cls);
    if (!this.#first) this.#first = new WeakRef(cls);
    else if (!this.#saved) {
      this.#contestedSince = Date.now();
      this.#saved = new WeakMap();
    }
  }

  /** Records that a class saved a result. */
  recordSaved(cls: Function, { key, digest }: SavedHere): void {
    if (!this.#saved) return;
    const known = this.#saved.get(cls);
    if (known) known.add(`${key} ${digest}`);
    else this.#saved.set(cls, new Set([`${key} ${digest}`]));
  }

  /** True if a result saved by this process may belong to another class. @param savedAt in milliseconds since 1970 */
  mayBelongToOther(cls: Function, { key, digest }: SavedHere, savedAt: number): boolean {
    if (!this.#saved || this.#saved.get(cls)?.has(`${key} ${digest}`)) return false;
    return savedAt >= this.#contestedSince || this.#first!.deref() !== cls;
  }
}

const byName = sharedState('namesakes', () => new Map<string, Namesakes>());

/** The namesakes of a name, with one more class. */
export function namesakesOf(name: string, cls: Function): Namesakes {
  let namesakes = byName.get(name);
  if (!namesakes) byName.set(name, (namesakes = new Namesakes()));
  namesakes.add(cls);
  return namesakes;
}

/** Names of one or two characters, as by minifiers, or with the suffix of a bundler. */
const generatedName = /^..?$|[_$]\d+$/u;

/** True for a class name that looks generated by a build: the next build may give it to another class. */
export function looksMinified(name: string): boolean {
  return generatedName.test(name);
}
