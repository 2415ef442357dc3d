import { createHash } from 'node:crypto';
import { showValue } from '../base/show';
import { isCheckable, type TypeNames, typeNames } from './data';
import { type MemberDeclaration, ownDeclaration, type RequirementSource } from './declaration';
import { isTaskDirectoryClass } from './directory';
import { DeclarationError } from './errors';
import { checkTimes, type TaskOptions } from './options';
import { looksMinified, type Namesakes, namesakesOf, producersOf } from './registry';
import type { StandardSchema } from './schema';
import type { TaskClass } from './task-class';

/** A param of a task, as far as known without an instance. */
export interface ParamDefinition {
  readonly name: string;
  readonly schema: StandardSchema | undefined;
  readonly optional: boolean;
  readonly keyed: boolean;
  readonly secret: boolean;
  readonly describe: string | undefined;
  /** The single built-in class of its values, as declared or emitted by the compiler; undefined if unknown. */
  readonly type: Function | undefined;
  /** The types of its values, likewise; undefined if only the default determines them. */
  readonly types: TypeNames | undefined;
}

/** A requirement of a task: the property, and the source of its value. */
export interface RequirementDefinition {
  readonly property: string;
  readonly source: Exclude<RequirementSource, { from: 'property-type' }>;
}

/** The complete declaration of a task, including its base classes. Frozen. */
export interface TaskDefinition {
  readonly cls: TaskClass;
  readonly name: string;
  readonly save: boolean;
  /** True if one process computes a key for all processes with the same storage. */
  readonly isOnceEverywhere: boolean;
  readonly queue: string;
  readonly options: TaskOptions;
  /** Sorted by name, so that keys do not depend on the order of declarations. */
  readonly params: readonly ParamDefinition[];
  readonly requirements: readonly RequirementDefinition[];
  /** True if every param is part of the key. */
  readonly allKeyed: boolean;
  readonly secrets: ReadonlySet<string>;
  /** True if the class has a method `fingerprint`. */
  readonly hasFingerprint: boolean;
  readonly hasRestore: boolean;
  readonly hasCheckpoint: boolean;
  /** True if it requires a `TaskDirectory`. */
  readonly hasDirectory: boolean;
  /** A hash of the source text of the class and its base classes. */
  readonly source: string;
  /** The classes with its name in this process; undefined if it is not saved or its name is explicit. */
  readonly namesakes: Namesakes | undefined;
  /** True if its name may change with the next build. */
  readonly isNameUnstable: boolean;
}

const definitions = new WeakMap<Function, TaskDefinition>();

/**
 * The definition of a task class, evaluated at first use.
 *
 * @throws {DeclarationError} if it is not a task class, or its declarations contradict each other
 */
export function definitionOf(cls: TaskClass): TaskDefinition {
  let definition = definitions.get(cls);
  if (!definition) {
    definition = define(cls);
    definitions.set(cls, definition);
  }
  return definition;
}

/** True for a class with `@Task()`. */
export function isTaskClass(value: unknown): value is TaskClass {
  return typeof value === 'function' && ownDeclaration(value)?.task !== undefined;
}

function define(cls: TaskClass): TaskDefinition {
  const options = ownDeclaration(cls)?.task;
  if (!options) throw new DeclarationError(notATask(cls));
  const name = taskNameOf(cls, options);
  if (typeof (cls.prototype as { then?: unknown }).then === 'function')
    throw new DeclarationError(
      `${name} has a method then(), so its instances would be treated as promises; rename the method`,
    );
  checkTimes(name, options);
  const { once = 'run', save } = options;
  if (once !== 'run' && once !== 'everywhere')
    throw new DeclarationError(`${name}: once is ${showValue(once)}; it must be 'run' or 'everywhere'`);
  if (once === 'everywhere' && save !== true)
    throw new DeclarationError(
      `${name}: once: 'everywhere' requires save: true, since other processes load the saved result`,
    );
  const members = [...membersOf(cls)].sort(([a], [b]) => (a < b ? -1 : 1));
  const params = members.flatMap(([param, member]) =>
    member.kind === 'param' ? [defineParam(cls, param, member)] : [],
  );
  const requirements = members.flatMap(([property, member]) =>
    member.kind === 'requirement' ? [{ property, source: resolveSource(name, property, member.source) }] : [],
  );
  return Object.freeze({
    cls,
    name,
    save: save === true,
    isOnceEverywhere: once === 'everywhere',
    queue: options.queue ?? name,
    options,
    params: Object.freeze(params),
    requirements: Object.freeze(requirements),
    allKeyed: params.every(({ keyed }) => keyed),
    secrets: new Set(params.filter(({ secret }) => secret).map((param) => param.name)),
    hasFingerprint: typeof cls.prototype.fingerprint === 'function',
    hasRestore: typeof cls.prototype.restore === 'function',
    hasCheckpoint: typeof cls.prototype.checkpoint === 'function',
    hasDirectory: requirements.some(({ source }) => source.from === 'directory'),
    source: sourceHash(cls),
    // Classes with the same explicit name are one task, as when a module is loaded twice.
    namesakes: save === true && options.name === undefined ? namesakesOf(name, cls) : undefined,
    isNameUnstable: save === true && options.name === undefined && looksMinified(name),
  });
}

function notATask(cls: TaskClass): string {
  if (typeof cls !== 'function') return `${String(cls)} is not a task class`;
  if (isTaskDirectoryClass(cls))
    return 'TaskDirectory is not a task: require it alone, as in @Requires(TaskDirectory) directory!: TaskDirectory';
  for (const base of basesOf(cls)) {
    if (isTaskClass(base)) {
      return `${cls.name} extends the task ${base.name} but is not a task itself: decorate it with @Task() (as the topmost decorator, if another decorator replaces the class)`;
    }
  }
  return `${cls.name || 'the class'} is not a task: decorate it with @Task()`;
}

const generated = /^(default(_\d+)?|_class|_default|anonymous|)$/;

function taskNameOf(cls: TaskClass, { name }: TaskOptions): string {
  const given = typeof name === 'function' ? name(cls) : name;
  if (given !== undefined) {
    if (typeof given !== 'string' || given === '')
      throw new DeclarationError(
        `${cls.name}: the name of a task must be a non-empty string, not ${JSON.stringify(given)}`,
      );
    return given;
  }
  if (generated.test(cls.name)) throw new DeclarationError('an anonymous task class needs a name: @Task({ name: … })');
  return cls.name;
}

/** The class and its base classes, the class first. */
function* basesOf(cls: Function): Generator<Function> {
  for (let at = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) yield at;
}

/** The members of a class and its base classes; a declaration overrides that of a base class. */
function membersOf(cls: TaskClass): ReadonlyMap<string, MemberDeclaration> {
  const members = new Map<string, MemberDeclaration>();
  for (const at of [...basesOf(cls)].reverse()) {
    for (const [property, member] of ownDeclaration(at)?.members ?? []) {
      const inherited = members.get(property);
      if (inherited && inherited.kind !== member.kind) {
        throw new DeclarationError(
          `${at.name}.${property} is a ${member.kind}, but ${inherited.kind === 'param' ? 'a param' : 'a requirement'} in a class that it extends`,
        );
      }
      members.set(property, member);
    }
  }
  return members;
}

function defineParam(
  cls: TaskClass,
  name: string,
  { options }: Extract<MemberDeclaration, { kind: 'param' }>,
): ParamDefinition {
  const emitted: unknown = Reflect.getMetadata('design:type', cls.prototype, name);
  const { schema, type = isCheckable(emitted) ? emitted : undefined } = options;
  return Object.freeze({
    name,
    schema,
    optional: options.optional === true,
    keyed: options.key !== false,
    secret: options.secret === true,
    describe: options.describe,
    type: isCheckable(type) ? type : undefined,
    types: type === undefined ? undefined : typeNames(type, `${cls.name}.${name}`),
  });
}

function resolveSource(task: string, property: string, source: RequirementSource): RequirementDefinition['source'] {
  if (source.from !== 'property-type') return source;
  if (isTaskDirectoryClass(source.type)) return { from: 'directory' };
  const found = producersOf(source.type);
  if (found.length === 1) return { from: 'class', cls: found[0]! };
  const type = typeof source.type === 'function' ? source.type.name : undefined;
  const why =
    type === undefined || type === 'Object'
      ? 'the compiler emitted no class for its type'
      : found.length === 0
        ? `no task declares that it produces ${type}`
        : `${found.length} tasks produce ${type}: ${found.map((cls) => taskNameOf(cls, ownDeclaration(cls)?.task ?? {})).join(', ')}`;
  throw new DeclarationError(
    `@Requires() on ${task}.${property} cannot determine the task: ${why}. Name it: @Requires(TheTask)`,
  );
}

function sourceHash(cls: TaskClass): string {
  const hash = createHash('sha256');
  for (const at of basesOf(cls)) hash.update(Function.prototype.toString.call(at));
  return hash.digest('hex').slice(0, 16);
}
