import { types } from 'node:util';
import type { Awaitable } from '../../base/awaitable';
import { isInstance } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { UnsupportedValueError } from '../../encoding/errors';
import { propertyStep } from '../../encoding/properties';
import { type GraphNode, isGraphNode, isNodePart, type NodePart, type Template } from '../../graph/node';
import { storeRefs } from '../../graph/stored-ref';
import { isPlainObject, isPrimitive } from '../../task/data';
import { CannotSendError } from '../errors';
import type { Job } from '../executor';
import { Attachments, Placeholder } from './attachments';
import type { EncodedInput, InputEncoder } from './encoded-inputs';
import type { JobMessage, SentRequirement, SentValue } from './messages';

/** A job as it is sent. */
export interface SentJob {
  readonly message: JobMessage;
  readonly bytes: readonly Bytes[];
  /** Holds the bytes; more can be added. */
  readonly attachments: Attachments;
}

/** @throws {CannotSendError} when a param or a requirement is not data */
export async function jobMessage(job: Job, pieces: InputEncoder): Promise<SentJob> {
  const writer = new JobMessageWriter(job, pieces);
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
    pieces: (await Promise.all(writer.inputs)).map(({ bytes, ...piece }) => ({
      ...piece,
      at: writer.attachments.add(bytes),
    })),
  };
  return { message, bytes: writer.attachments.bytes, attachments: writer.attachments };
}

class JobMessageWriter {
  readonly attachments = new Attachments();
  readonly inputs: Awaitable<EncodedInput>[] = [];
  readonly #job: Job;
  readonly #encoder: InputEncoder;
  /** The pieces' numbers, so that a result that is required twice is one object there too. */
  readonly #numbers = new Map<object, number>();

  constructor(job: Job, cache: InputEncoder) {
    this.#job = job;
    this.#encoder = cache;
  }

  params(): readonly (readonly [string, SentValue])[] {
    const { params, paramsHaveRefs } = this.#job.node;
    return Object.entries(params).map(([name, value]) => [
      name,
      this.#encode(paramsHaveRefs ? storeRefs(value) : value, `params.${name}`),
    ]);
  }

  requirements(): readonly (readonly [string, SentRequirement])[] {
    const { node, requirements } = this.#job;
    return node.task.requirements.map(({ property }, i) => {
      const structure = this.#replaceInputs(node.requirements[i], requirements[i], property);
      return [
        property,
        structure instanceof Placeholder
          ? { piece: structure.piece }
          : { structure: this.#encode(structure, property) },
      ];
    });
  }

  /** A requirement in which placeholders replace the results. @param path its name in errors */
  #replaceInputs(template: Template, value: unknown, path: string): unknown {
    if (isPrimitive(value)) return value;
    if (isGraphNode(template) || isNodePart(template)) return this.#placeholder(template, value, path);
    if (Array.isArray(template))
      return template.map((part, i) => this.#replaceInputs(part, (value as unknown[])[i], path + propertyStep(i)));
    if (types.isMap(template) && template.size === (value as Map<unknown, unknown>).size) {
      const values = [...(value as Map<unknown, unknown>)];
      return new Map(
        [...template].map(([key, part], i) => [key, this.#replaceInputs(part, values[i]![1], `${path}.get(…)`)]),
      );
    }
    if (typeof template === 'object' && template !== null && isPlainObject(template)) {
      const parts = Object.entries(template).map(([name, part]) => [
        name,
        this.#replaceInputs(part, (value as Record<string, unknown>)[name], path + propertyStep(name)),
      ]);
      return Object.fromEntries(parts);
    }
    return value;
  }

  #placeholder(template: GraphNode | NodePart, value: unknown, path: string): Placeholder {
    const object = value as object;
    let number = this.#numbers.get(object);
    if (number === undefined) {
      const node = isGraphNode(template) ? template : undefined;
      const place = { task: this.#job.node.task.name, path, producer: node?.task, node };
      number = this.inputs.push(this.#encoder.encode(object, place)) - 1;
      this.#numbers.set(object, number);
    }
    return new Placeholder(number);
  }

  #encode(value: unknown, root: string): SentValue {
    try {
      return this.attachments.encode(value, root);
    } catch (cause) {
      throw isInstance(cause, UnsupportedValueError)
        ? new CannotSendError(this.#job.node.task.name, cause, { cause })
        : cause;
    }
  }
}
