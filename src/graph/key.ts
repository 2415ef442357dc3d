import { hash } from 'node:crypto';
import { describeError } from '../base/describe-error';
import type { TaskKey } from '../task/context';
import { DeclarationError } from '../task/declaration-error';
import type { TaskDefinition } from '../task/definition';
import { isTaskRef } from '../task/ref';
import { safeName } from '../task/safe-name';
import { showValue } from '../task/show';
import { canonical, canonicalString, paramText, type Special } from './canonical';
import { type Graph, pathTo } from './graph';
import { GraphNode, NodePart, ownDirectory } from './node';

/** What `fingerprint()` returned, by node index. */
export type Fingerprints = ReadonlyMap<number, string>;

/** The keys of a graph's nodes, each made when it is first asked for. */
export class Keys {
  readonly #graph: Graph;
  readonly #fingerprints: Fingerprints;
  readonly #keys: (TaskKey | undefined)[];
  readonly #carried = new Map<GraphNode, string>();
  /** Nodes whose keys a function of the user made, to find two that it gave the same. */
  readonly #named = new Map<TaskKey, GraphNode>();
  readonly #special: Special;

  constructor(graph: Graph, fingerprints: Fingerprints) {
    this.#graph = graph;
    this.#fingerprints = fingerprints;
    this.#keys = new Array(graph.nodes.length);
    this.#special = (value) => {
      if (value instanceof GraphNode) return `@${this.of(value.index)};`;
      if (value === ownDirectory) return 'F;';
      return value instanceof NodePart ? `p${this.of(value.node.index)};${canonical(value.path)}` : undefined;
    };
    // In this order, so that refs in the params of refs are known before they are asked for.
    for (const node of graph.carried.values()) {
      if (!this.#carried.has(node))
        this.#carried.set(node, digest(canonicalString(node.task.name) + this.#paramsText(node)));
    }
  }

  /** The key of a node; without recursion, since graphs may be deep. */
  of(index: number): TaskKey {
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
    const isBare = fingerprint === undefined && task.options.version === undefined && task.requirements.length === 0;
    const key = `${folder}/${safeName(customKey(node))}${isBare ? '' : `-${digest(prefix + rest)}`}` as TaskKey;
    this.#refuseShared(key, node);
    return key;
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
    if (typeof identity === 'string' && identity[0] === '{' && node.task.allKeyed && !node.carriesRefs) return identity;
    const special: Special = (value) => {
      if (!isTaskRef(value)) return undefined;
      const carried = this.#carried.get(this.#graph.carried.get(value)!)!;
      return value.path.length > 0 ? `p${carried};${canonical(value.path)}` : `@${carried};`;
    };
    let text = '{';
    for (const { name, keyed } of node.task.params) {
      const value = node.params[name];
      if (keyed && value !== undefined) text += canonicalString(name) + paramText(value, special);
    }
    return `${text}}`;
  }

  #refuseShared(key: TaskKey, node: GraphNode): void {
    const other = this.#named.get(key);
    if (other && this.#paramsText(other) !== this.#paramsText(node)) {
      throw new DeclarationError(
        `${other} and ${node} have the same key ${key}, but different params: let key(params) tell them apart, or mark the params that make no difference with @Param({ key: false })`,
      );
    }
    this.#named.set(key, node);
  }
}

/** What is the same in all keys of a task. */
interface KeyHead {
  /** What the keys start with. */
  readonly folder: string;
  /** What the text starts with that is hashed for them. */
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

/** The first part of a task's keys, which is its folder in file storage. */
export function folderOf(task: TaskDefinition): string {
  return headOf(task).folder;
}

function customKey(node: GraphNode): string {
  let key: unknown;
  try {
    key = node.task.options.key!(node.params);
  } catch (error) {
    throw new DeclarationError(`key(params) of ${node} failed: ${describeError(error)}`, { cause: error });
  }
  if (typeof key !== 'string' || key === '')
    throw new DeclarationError(
      `key(params) of ${node} gave ${showValue(key)}; it must give a string with something in it`,
    );
  if (node.task.secrets.size > 0 && holdsSecret(key, node))
    throw new DeclarationError(
      `key(params) of ${node} contains the value of a secret param. Keys are stored unchanged: omit the secret, or use a hash of it`,
    );
  return key;
}

/** Shorter secrets occur in keys by chance. */
const shortestSecret = 4;

function holdsSecret(key: string, { task, params }: GraphNode): boolean {
  const isIn = (value: unknown): boolean =>
    typeof value === 'string'
      ? value.length >= shortestSecret && key.includes(value)
      : typeof value === 'object' && value !== null && Object.values(value).some(isIn);
  return [...task.secrets].some((name) => isIn(params[name]));
}

/** The first 128 bits of SHA-256, in hexadecimal. */
function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
