import { hash } from 'node:crypto';
import { describeError } from '../base/describe-error';
import { showTask, showValue } from '../base/show';
import type { TaskKey } from '../task/context';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { isTaskRef, type PartPath, type TaskRef } from '../task/ref';
import { safeName } from '../task/safe-name';
import { canonical, canonicalParam, canonicalString, type Special } from './canonical';
import { type Graph, pathTo } from './graph';
import { GraphNode, NodePart, ownDirectory } from './node';
import { StoredRef, storeRefs } from './stored-ref';
import { mapStructure } from './structure';

/** The results of `fingerprint()`, by node index. */
type Fingerprints = ReadonlyMap<number, string>;

/** The keys of a graph's nodes, each computed on first use. */
export class NodeKeys {
  readonly #graph: Graph;
  readonly #fingerprints: Fingerprints;
  readonly #keys: (TaskKey | undefined)[];
  readonly #paramRefDigests = new Map<GraphNode, string>();
  /** Nodes with keys from a function of the user, to detect duplicates. */
  readonly #named = new Map<TaskKey, GraphNode>();
  readonly #special: Special;

  constructor(graph: Graph, fingerprints: Fingerprints) {
    this.#graph = graph;
    this.#fingerprints = fingerprints;
    this.#keys = new Array(graph.nodes.length);
    this.#special = (value) => {
      if (value instanceof GraphNode) return `@${this.get(value.index)};`;
      if (value === ownDirectory) return 'F;';
      return value instanceof NodePart ? `p${this.get(value.node.index)};${canonical(value.path)}` : undefined;
    };
    // In order, so that refs in the params of a ref come first.
    for (const node of graph.paramRefNodes.values()) {
      if (!this.#paramRefDigests.has(node))
        this.#paramRefDigests.set(node, digest(canonicalString(node.task.name) + this.#paramsText(node)));
    }
  }

  /** The key of a node. Without recursion, since graphs may be deep. */
  get(index: number): TaskKey {
    const known = this.#keys[index];
    if (known !== undefined) return known;
    const { nodes, edges, firstEdge, endEdge } = this.#graph;
    const stack = [index];
    const cursors = [firstEdge[index]!];
    while (stack.length > 0) {
      const at = stack[stack.length - 1]!;
      let cursor = cursors.pop()!;
      while (cursor < endEdge[at]! && this.#keys[edges[cursor]!] !== undefined) cursor++;
      if (cursor < endEdge[at]!) {
        const child = edges[cursor]!;
        stack.push(child);
        cursors.push(cursor + 1, firstEdge[child]!);
      } else {
        stack.pop();
        this.#keys[at] ??= this.#make(nodes[at]!);
      }
    }
    return this.#keys[index]!;
  }

  #make(node: GraphNode): TaskKey {
    const { task } = node;
    const fingerprint = this.#fingerprints.get(node.index);
    const { folder, prefix, properties } = headOf(task);
    let requirements = '{';
    for (let i = 0; i < properties.length; i++) requirements += properties[i]! + this.#requirementText(node, i);
    const rest = `${canonical(fingerprint)}${requirements}}`;
    if (!task.options.key) return `${folder}/${digest(prefix + this.#paramsText(node) + rest)}` as TaskKey;
    const key = namedKey(task, node.params, fingerprint, rest);
    this.#assertDistinct(key, node);
    return key;
  }

  /** The inputs of a node's key besides its task and params. */
  inputsOf(node: GraphNode): KeyInputs {
    const refs = new Map<string, string>();
    if (node.paramsHaveRefs)
      mapStructure(Object.values(node.params), (value) => {
        if (isTaskRef(value)) refs.set(storedRefText(storeRefs(value) as StoredRef), this.#digestOf(value));
        return value;
      });
    return { requirements: node.requirements.map((_, i) => this.#requirementText(node, i)), refs: [...refs] };
  }

  #digestOf(ref: TaskRef<unknown>): string {
    return this.#paramRefDigests.get(this.#graph.paramRefNodes.get(ref)!)!;
  }

  /** The canonical text of one requirement: its literals, and the keys of the nodes in it. */
  #requirementText(node: GraphNode, i: number): string {
    try {
      return canonical(node.requirements[i], this.#special);
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      throw new DeclarationError(`${node.task.name}.${node.task.requirements[i]!.property}: ${error.problem}`, {
        cause: error,
      }).locate(pathTo(this.#graph, node.index));
    }
  }

  /** The canonical text of the params that are part of the key. */
  #paramsText(node: GraphNode): string {
    const { identity } = node;
    if (typeof identity === 'string' && identity[0] === '{' && node.task.allKeyed && !node.paramsHaveRefs)
      return identity;
    return keyedText(node.task, node.params, (value) =>
      isTaskRef(value) ? refText(this.#digestOf(value), value.path) : undefined,
    );
  }

  #assertDistinct(key: TaskKey, node: GraphNode): void {
    const other = this.#named.get(key);
    if (other && this.#paramsText(other) !== this.#paramsText(node)) {
      throw new DeclarationError(
        `${other} and ${node} have the same key ${key}, but different params: let key(params) distinguish them, or mark irrelevant params with @Param({ key: false })`,
      );
    }
    this.#named.set(key, node);
  }
}

/** The inputs of a key besides task and params. */
export interface KeyInputs {
  /** The canonical texts of the requirements, in order. */
  readonly requirements: readonly string[];
  /** For each ref in the params, by its hash: the digest that represents it in the key. */
  readonly refs: readonly (readonly [ref: string, digest: string])[];
}

/** The inputs of a key from another process. */
interface KeyParts extends KeyInputs {
  readonly task: TaskDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  /** The params with `StoredRef`s in place of refs. */
  readonly stored: Readonly<Record<string, unknown>>;
  readonly fingerprint: string | undefined;
}

/** The key of a task whose graph is in another process. @throws {DeclarationError} for params with an unknown ref */
export function keyFromParts({ task, params, stored, fingerprint, requirements, refs }: KeyParts): TaskKey {
  const { folder, prefix, properties } = headOf(task);
  const required = properties.map((property, i) => property + requirements[i]);
  const rest = `${canonical(fingerprint)}{${required.join('')}}`;
  if (task.options.key) return namedKey(task, params, fingerprint, rest);
  const digests = new Map(refs);
  const special: Special = (value) => {
    if (!(value instanceof StoredRef)) return undefined;
    const known = digests.get(storedRefText(value));
    if (known !== undefined) return refText(known, value.path);
    throw new DeclarationError(`the params contain a ref to ${value.task} that is not part of the key`);
  };
  return `${folder}/${digest(prefix + keyedText(task, stored, special) + rest)}` as TaskKey;
}

/** The hash of a stored ref: its task and given params. */
function storedRefText({ task, params }: StoredRef): string {
  const inner: Special = (value) =>
    value instanceof StoredRef ? `@${storedRefText(value)};${canonical(value.path)}` : undefined;
  return digest(canonicalString(task) + canonical(params, inner));
}

/** The text of a ref in params, or of a part of it. */
function refText(carried: string, path: PartPath): string {
  return path.length > 0 ? `p${carried};${canonical(path)}` : `@${carried};`;
}

/** The canonical text of the params that are part of the key. */
function keyedText(task: TaskDefinition, params: Readonly<Record<string, unknown>>, special: Special): string {
  let text = '{';
  for (const { name, keyed } of task.params) {
    const value = params[name];
    if (keyed && value !== undefined) text += canonicalString(name) + canonicalParam(value, special);
  }
  return `${text}}`;
}

/** The key of a task with its own `key(params)`. @param rest the text of the other inputs */
function namedKey(
  task: TaskDefinition,
  params: Readonly<Record<string, unknown>>,
  fingerprint: string | undefined,
  rest: string,
): TaskKey {
  const { folder, prefix } = headOf(task);
  const isBare = fingerprint === undefined && task.options.version === undefined && task.requirements.length === 0;
  return `${folder}/${safeName(customKey(task, params))}${isBare ? '' : `-${digest(prefix + rest)}`}` as TaskKey;
}

/** The common part of all keys of a task. */
interface KeyHead {
  /** The start of the keys. */
  readonly folder: string;
  /** The start of the hashed text. */
  readonly prefix: string;
  /** The names of the requirements, as canonical text. */
  readonly properties: readonly string[];
}

const heads = new WeakMap<TaskDefinition, KeyHead>();

function headOf(task: TaskDefinition): KeyHead {
  let head = heads.get(task);
  if (!head) {
    head = {
      folder: safeName(task.name),
      prefix: `tidemark-key-1:${canonicalString(task.name)}${canonical(task.options.version)}`,
      properties: task.requirements.map(({ property }) => canonicalString(property)),
    };
    heads.set(task, head);
  }
  return head;
}

/** The first part of a task's keys: its folder in file storage. */
export function folderOf(task: TaskDefinition): string {
  return headOf(task).folder;
}

function customKey(task: TaskDefinition, params: Readonly<Record<string, unknown>>): string {
  let key: unknown;
  const node = () => showTask(task.name, params, task.secrets);
  try {
    key = task.options.key!(params);
  } catch (error) {
    throw new DeclarationError(`key(params) of ${node()} failed: ${describeError(error)}`, { cause: error });
  }
  if (typeof key !== 'string' || key === '')
    throw new DeclarationError(
      `key(params) of ${node()} returned ${showValue(key)}; it must return a non-empty string`,
    );
  if (task.secrets.size > 0 && holdsSecret(key, task, params))
    throw new DeclarationError(
      `key(params) of ${node()} contains the value of a secret param. Keys are stored unchanged: omit the secret, or use a hash of it`,
    );
  return key;
}

/** Shorter secrets may occur in keys by chance. */
const shortestSecret = 4;

function holdsSecret(key: string, { secrets }: TaskDefinition, params: Readonly<Record<string, unknown>>): boolean {
  const isIn = (value: unknown): boolean =>
    typeof value === 'string'
      ? value.length >= shortestSecret && key.includes(value)
      : typeof value === 'object' && value !== null && Object.values(value).some(isIn);
  return [...secrets].some((name) => isIn(params[name]));
}

/** The first 128 bits of SHA-256, in hexadecimal. */
function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
