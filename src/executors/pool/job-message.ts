import { types } from 'node:util';
import type { Awaitable } from '../../awaitable';
import { isInstance } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { UnsupportedValueError } from '../../encoding/unsupported-value-error';
import { propertyStep } from '../../encoding/value-path';
import { type GraphNode, isGraphNode, isNodePart, type NodePart, type Template } from '../../graph/node';
import { toStored } from '../../graph/stored-ref';
import { isPlainObject, isPrimitive } from '../../task/data';
import type { Job } from '../executor';
import { CannotSendError } from './cannot-send-error';
import type { JobMessage, SentRequirement, SentValue } from './messages';
import { Outbox } from './outbox';
import type { Piece, PieceMaker } from './pieces';
import { StandIn } from './stand-in';

/** A job as it is sent. */
export interface SentJob {
  readonly message: JobMessage;
  readonly bytes: readonly Bytes[];
  /** What the bytes are in, for more of them. */
  readonly outbox: Outbox;
}

/** @throws {CannotSendError} when a param or a requirement is not data */
export async function jobMessage(job: Job, pieces: PieceMaker): Promise<SentJob> {
  const writer = new JobWriter(job, pieces);
  const params = writer.params();
  const requirements = writer.requirements();
  const { context, node } = job;
  const message: JobMessage = {
    type: 'job',
    task: node.task.name,
    attempt: context.attempt,
    key: context.key,
    isTimed: node.task.options.timeout !== undefined,
    params,
    requirements,
    pieces: (await Promise.all(writer.pieces)).map(({ bytes, ...piece }) => ({
      ...piece,
      at: writer.outbox.put(bytes),
    })),
  };
  return { message, bytes: writer.outbox.bytes, outbox: writer.outbox };
}

class JobWriter {
  readonly outbox = new Outbox();
  readonly pieces: Awaitable<Piece>[] = [];
  readonly #job: Job;
  readonly #cache: PieceMaker;
  /** The pieces' numbers, so that a result that is required twice is one object there too. */
  readonly #numbers = new Map<object, number>();

  constructor(job: Job, cache: PieceMaker) {
    this.#job = job;
    this.#cache = cache;
  }

  params(): readonly (readonly [string, SentValue])[] {
    const { params, carriesRefs } = this.#job.node;
    return Object.entries(params).map(([name, value]) => [
      name,
      this.#data(carriesRefs ? toStored(value) : value, `params.${name}`),
    ]);
  }

  requirements(): readonly (readonly [string, SentRequirement])[] {
    const { node, requirements } = this.#job;
    return node.task.requirements.map(({ property }, i) => {
      const structure = this.#folded(node.requirements[i], requirements[i], property);
      return [
        property,
        structure instanceof StandIn ? { piece: structure.piece } : { structure: this.#data(structure, property) },
      ];
    });
  }

  /** A requirement with stand-ins for the results in it. @param path what it is called in errors */
  #folded(template: Template, value: unknown, path: string): unknown {
    if (isPrimitive(value)) return value;
    if (isGraphNode(template) || isNodePart(template)) return this.#standIn(template, value, path);
    if (Array.isArray(template))
      return template.map((part, i) => this.#folded(part, (value as unknown[])[i], path + propertyStep(i)));
    if (types.isMap(template) && template.size === (value as Map<unknown, unknown>).size) {
      const values = [...(value as Map<unknown, unknown>)];
      return new Map([...template].map(([key, part], i) => [key, this.#folded(part, values[i]![1], `${path}.get(…)`)]));
    }
    if (typeof template === 'object' && template !== null && isPlainObject(template)) {
      const parts = Object.entries(template).map(([name, part]) => [
        name,
        this.#folded(part, (value as Record<string, unknown>)[name], path + propertyStep(name)),
      ]);
      return Object.fromEntries(parts);
    }
    return value;
  }

  #standIn(template: GraphNode | NodePart, value: unknown, path: string): StandIn {
    const object = value as object;
    let number = this.#numbers.get(object);
    if (number === undefined) {
      const node = isGraphNode(template) ? template : undefined;
      const place = { task: this.#job.node.task.name, path, producer: node?.task, node };
      number = this.pieces.push(this.#cache.of(object, place)) - 1;
      this.#numbers.set(object, number);
    }
    return new StandIn(number);
  }

  #data(value: unknown, root: string): SentValue {
    try {
      return this.outbox.data(value, root);
    } catch (cause) {
      throw isInstance(cause, UnsupportedValueError)
        ? new CannotSendError(this.#job.node.task.name, cause, { cause })
        : cause;
    }
  }
}
