import { type Awaitable, andThen } from '../../base/awaitable';
import { brandClass, isOfOtherCopy } from '../../base/shared-state';
import type { Bytes, Encoder } from '../../encoding/encoder';
import { findSerialization } from '../../encoding/serialization/find-serialization';
import type { GraphNode } from '../../graph/node';
import { restoreRefs } from '../../graph/stored-ref';
import { type DirectoryPaths, decodeWithDirectories } from '../../storage/directories/encode-directory';
import { resultDigest, type SerializedValue } from '../../storage/result-codec';
import type { DoneMessage } from './messages';

/** What a `SentResult` is made of. */
interface SentResultParts {
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
  /** Whether only the value is of use, which then takes over the memory of the bytes. */
  readonly isValueOnly: boolean;
  /** The params of the task: they contain the secrets of refs. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Why it must not be saved: it contains a secret. */
  readonly unsaved: string | undefined;
}

/** A result that was made elsewhere: encoded there, and decoded here only when somebody needs the value. */
export class SentResult {
  static {
    brandClass(SentResult, 'SentResult');
  }

  readonly encoding: SerializedValue;
  /** Whether there are task refs in it, which the encoding names by their tasks. */
  readonly holdsRefs: boolean;
  /** The end of what the task printed, when it ran in a process of its own. */
  readonly output: string;
  /** Why it must not be saved: it contains a secret. */
  readonly unsaved: string | undefined;
  readonly #encoder: Encoder | undefined;
  readonly #isValueOnly: boolean;
  readonly #params: SentResultParts['params'];
  readonly #directories: DirectoryPaths;
  #value: Awaitable<unknown>;
  #isDecoded = false;

  constructor(parts: SentResultParts) {
    const { encoder, isValueOnly, compressed, output, holdsRefs, params, unsaved, ...encoding } = parts;
    this.encoding = new SentEncoding(encoding, isValueOnly, compressed);
    this.output = output;
    this.holdsRefs = holdsRefs;
    this.unsaved = unsaved;
    this.#params = params;
    this.#encoder = encoder;
    this.#isValueOnly = isValueOnly;
    this.#directories = encoding.directories;
  }

  /** The value, decoded once. */
  value(): Awaitable<unknown> {
    if (!this.#isDecoded) {
      const { serializer, format, bytes } = this.encoding;
      const serialization = findSerialization(serializer, format, this.#encoder ? [this.#encoder] : []);
      const decode = () => serialization.deserialize(bytes, format, this.#isValueOnly);
      const directories = this.#directories;
      const value = directories.size > 0 ? decodeWithDirectories((name) => directories.get(name), decode) : decode();
      this.#value = this.holdsRefs
        ? andThen(value, (stored) => restoreRefs(stored, { paramsOf: () => this.#params }))
        : value;
      this.#isDecoded = true;
    }
    return this.#value;
  }
}

/** An encoding whose digest is made when somebody asks for it, unless it came along. */
class SentEncoding implements SerializedValue {
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
    }: Pick<SentResultParts, 'serializer' | 'format' | 'bytes' | 'digest' | 'directories'>,
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

/** Whether a value is one, of any copy of this package. */
export function isSentResult(value: unknown): value is SentResult {
  return value instanceof SentResult || isOfOtherCopy(SentResult, value);
}

/** The result that a worker sent. @param output the end of what the task printed, where that is known */
export function readResult(
  { task, params }: GraphNode,
  { result, digest, compressed, holdsRefs, directories, unsaved }: DoneMessage,
  bytes: readonly Bytes[],
  output: string,
): SentResult {
  return new SentResult({
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
