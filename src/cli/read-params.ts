import { readFileSync } from 'node:fs';
import { describeError } from '../base/describe-error';
import { nearestName, showValue } from '../base/show';
import { definitionOf } from '../task/definition';
import { type ValidationResult, validateWith } from '../task/schema';
import type { TaskClass } from '../task/task-class';
import { ConversionError, checkNumbers, convert, convertList, fromJson, isList, parseJsonOrText } from './convert';
import { UsageError } from './errors';
import { type CommandLineParam, optionName, paramsOf, readArguments } from './task-params';

/** Sources of the params of a task. Arguments override JSON, which overrides the file. */
interface ParamSources {
  /** `--epochs 20 --shuffle --rate=0.1` */
  readonly args: readonly string[];
  readonly json: string | undefined;
  readonly file: string | undefined;
  /** The options of the command itself, for "did you mean". */
  readonly options: readonly string[];
}

/** Reads the params of a task and converts them to the declared types. @throws {UsageError} for a param of another type */
export async function readParams(cls: TaskClass, given: ParamSources): Promise<Record<string, unknown>> {
  const known = await paramsOf(cls);
  const task = definitionOf(cls).name;
  const params: Record<string, unknown> = {};
  const objects = [
    given.file === undefined ? {} : parseParams(readText(given.file), given.file),
    given.json === undefined ? {} : parseParams(given.json, '--params'),
  ];
  for (const object of objects)
    for (const [name, value] of Object.entries(object))
      params[name] = await convertParam(task, known.get(name), value, (param) => fromJson(value, param.kind));
  for (const [name, texts] of readArguments(given.args, known)) {
    const param = known.get(name);
    if (!param) throw new UsageError(unknownParam(task, name, known, given.options));
    params[name] = await convertTexts(task, param, texts);
  }
  return params;
}

async function convertTexts(task: string, param: CommandLineParam, texts: readonly string[]): Promise<unknown> {
  const { kind, itemKind } = param;
  const { name } = param.definition;
  if (isList(kind) && kind !== Buffer && kind !== Uint8Array)
    return convertParam(task, param, texts.join(','), () => convertList(texts, kind, itemKind));
  if (texts.length > 1) throw new UsageError(`${task}: the param ${name} is given ${texts.length} times`);
  return convertParam(task, param, texts[0]!, () => convert(texts[0]!, kind));
}

async function convertParam(
  task: string,
  param: CommandLineParam | undefined,
  given: unknown,
  byKind: (param: CommandLineParam) => unknown,
): Promise<unknown> {
  // The task itself rejects a param that it does not declare.
  if (!param) return given;
  const { name, schema, secret } = param.definition;
  try {
    if (!schema) return byKind(param);
    return await findAccepted(param, given, () => byKind(param));
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    const value = secret ? 'a secret of another type' : showValue(given);
    if (param.isDeclared) throw new UsageError(`${task}: the param ${name} must be ${error.message}, but is ${value}`);
    throw new UsageError(
      `${task}: the param ${name} must be ${error.message}, as its default is, but is ${value}; --params '{"${name}": …}' takes another type where @Param({ type: … }) declares it`,
    );
  }
}

/** Finds the conversion that a schema accepts; if there is none, the value for its error message. */
async function findAccepted(
  { definition: { schema } }: CommandLineParam,
  given: unknown,
  byKind: () => unknown,
): Promise<unknown> {
  const readings = [byKind, () => given];
  if (typeof given === 'string')
    readings.push(
      () => parseJsonOrText(given),
      () => convertList([given], Array, undefined),
      () => convert(given, BigInt),
      () => convert(given, Date),
    );
  for (const read of readings) {
    let value: unknown;
    try {
      value = read();
    } catch {
      continue;
    }
    const checked: ValidationResult = await validateWith(schema!, value);
    if ('value' in checked) return value;
  }
  return typeof given === 'string' ? parseJsonOrText(given) : given;
}

function unknownParam(
  task: string,
  name: string,
  known: ReadonlyMap<string, CommandLineParam>,
  options: readonly string[],
): string {
  const params = [...known.keys()];
  const suggestion = nearestName(name, [...params, ...options]);
  const hint = suggestion
    ? `did you mean --${optionName(suggestion)}?`
    : params.length > 0
      ? `it has ${params.join(', ')}`
      : 'it has none';
  return `${task} has no param ${name}, and there is no option --${optionName(name)}; ${hint}`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--params-file: ${describeError(cause)}`, { cause });
  }
}

function parseParams(text: string, from: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${from} is not JSON: ${describeError(cause)}`, { cause });
  }
  try {
    checkNumbers(text);
  } catch (cause) {
    throw new UsageError(`${from} contains ${(cause as ConversionError).part}: it must be ${describeError(cause)}`, {
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${from} is ${showValue(value)}; it must be an object of params`);
}
