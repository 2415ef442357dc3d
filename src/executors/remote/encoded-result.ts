import { type Awaitable, andThen } from '../../base/awaitable';
import type { Bytes, Encoder } from '../../encoding/encoder';
import { findSerialization } from '../../encoding/serialization/find-serialization';
import type { GraphNode } from '../../graph/node';
import { restoreRefs } from '../../graph/stored-ref';
import { type DirectoryPaths, decodeWithDirectories } from '../../storage/directories/encode-directory';
import { resultDigest, type SerializedValue } from '../../storage/result-codec';
import type { DoneMessage } from './messages';
import { ResultHandle } from './result-handle';

interface EncodedResultParts {
  readonly serializer: string;
  readonly format: string;
  readonly bytes: Bytes;
  readonly digest: string | undefined;
  readonly compressed: SerializedValue['compressed'];
  readonly holdsRefs: boolean;
  /** The task directories in it that have names only. */
  readonly directories: DirectoryPaths;
  readonly output: string;
  /** The task's own encoder. */
  readonly encoder: Encoder | undefined;
  /** Whether only the value is needed, which then takes over the memory of the bytes. */
  readonly isValueOnly: boolean;
  /** The params of the task: they contain the secrets of refs. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Why it must not be saved: it contains a secret. */
  readonly unsaved: string | undefined;
}

/** A result that a worker encoded and sent with its answer; decoded only when this process needs the value. */
export class EncodedResult extends ResultHandle {
  override readonly encoding: SerializedValue;
  /** Whether the result contains task refs; the encoding refers to them by task name. */
  readonly holdsRefs: boolean;
  /** Tail of the task's output, when the task ran in a process of its own. */
  readonly output: string;
  override readonly unsaved: string | undefined;
  readonly #encoder: Encoder | undefined;
  readonly #isValueOnly: boolean;
  readonly #params: EncodedResultParts['params'];
  readonly #directories: DirectoryPaths;

  constructor(parts: EncodedResultParts) {
    super();
    const { encoder, isValueOnly, compressed, output, holdsRefs, params, unsaved, ...encoding } = parts;
    this.encoding = new LazyDigest(encoding, isValueOnly, compressed);
    this.output = output;
    this.holdsRefs = holdsRefs;
    this.unsaved = unsaved;
    this.#params = params;
    this.#encoder = encoder;
    this.#isValueOnly = isValueOnly;
    this.#directories = encoding.directories;
  }

  /** Decodes the value, once. */
  value(): Awaitable<unknown> {
    return this.load();
  }

  protected fetch(): Awaitable<unknown> {
    const { serializer, format, bytes } = this.encoding;
    const serialization = findSerialization(serializer, format, this.#encoder ? [this.#encoder] : []);
    const decode = () => serialization.deserialize(bytes, format, this.#isValueOnly);
    const directories = this.#directories;
    const value = directories.size > 0 ? decodeWithDirectories((name) => directories.get(name), decode) : decode();
    return this.holdsRefs ? andThen(value, (stored) => restoreRefs(stored, { paramsOf: () => this.#params })) : value;
  }
}

/** An encoding whose digest is computed on first use, unless the worker sent it. */
class LazyDigest implements SerializedValue {
  readonly serializer: string;
  readonly format: string;
  readonly bytes: Bytes;
  readonly isView: boolean;
  readonly compressed: SerializedValue['compressed'];
  readonly directories: readonly string[];
  #digest: string | undefined;

  constructor(
    {
      serializer,
      format,
      bytes,
      digest,
      directories,
    }: Pick<EncodedResultParts, 'serializer' | 'format' | 'bytes' | 'digest' | 'directories'>,
    isView: boolean,
    compressed: SerializedValue['compressed'],
  ) {
    this.serializer = serializer;
    this.format = format;
    this.bytes = bytes;
    this.isView = isView;
    this.compressed = compressed;
    this.directories = [...directories.keys()];
    this.#digest = digest;
  }

  get digest(): string {
    return (this.#digest ??= resultDigest(this.bytes, this.format));
  }
}

/** The result in a worker's message. @param output tail of the task's output, where it is known */
export function readResult(
  { task, params }: GraphNode,
  { result, digest, compressed, holdsRefs, directories, unsaved }: DoneMessage,
  bytes: readonly Bytes[],
  output: string,
): EncodedResult {
  return new EncodedResult({
    serializer: result.serializer,
    format: result.format,
    bytes: bytes[result.at]!,
    digest,
    holdsRefs,
    directories: new Map(directories),
    compressed: compressed && { compressor: compressed.compressor, bytes: bytes[compressed.at]! },
    output,
    encoder: task.options.encoder,
    isValueOnly: !task.save,
    params,
    unsaved,
  });
}
