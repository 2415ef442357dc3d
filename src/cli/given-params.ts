import { readFileSync } from 'node:fs';
import { describeError } from '../base/describe-error';
import { definitionOf } from '../task/definition';
import { nearest } from '../task/nearest';
import { type Checked, check } from '../task/schema';
import { showValue } from '../task/show';
import type { TaskClass } from '../task/task-class';
import { checkNumbers, convert, convertList, fromJson, guess, isList, NotConvertedError } from './convert';
import { Misuse } from './misuse';
import { optionName, readArguments } from './read-arguments';
import { type CommandLineParam, paramsOf } from './task-params';

/** Where a task's params come from. Those that are named one by one go before JSON, and that before a file. */
export interface GivenParams {
  /** `--epochs 20 --shuffle --rate=0.1` */
  readonly args: readonly string[];
  readonly json: string | undefined;
  readonly file: string | undefined;
  /** The options of the command itself, for "did you mean". */
  readonly options: readonly string[];
}

/** A task's params, converted by what was declared. @throws {Misuse} naming the one that cannot be */
export async function readParams(cls: TaskClass, given: GivenParams): Promise<Record<string, unknown>> {
  const known = await paramsOf(cls);
  const task = definitionOf(cls).name;
  const params: Record<string, unknown> = {};
  const objects = [
    given.file === undefined ? {} : parse(readText(given.file), given.file),
    given.json === undefined ? {} : parse(given.json, '--params'),
  ];
  for (const object of objects)
    for (const [name, value] of Object.entries(object))
      params[name] = await converted(task, known.get(name), value, (param) => fromJson(value, param.kind));
  for (const [name, texts] of readArguments(given.args, known)) {
    const param = known.get(name);
    if (!param) throw new Misuse(unknownParam(task, name, known, given.options));
    params[name] = await fromTexts(task, param, texts);
  }
  return params;
}

async function fromTexts(task: string, param: CommandLineParam, texts: readonly string[]): Promise<unknown> {
  const { kind, itemKind } = param;
  const { name } = param.definition;
  if (isList(kind) && kind !== Buffer && kind !== Uint8Array)
    return converted(task, param, texts.join(','), () => convertList(texts, kind, itemKind));
  if (texts.length > 1) throw new Misuse(`${task}: the param ${name} is given ${texts.length} times`);
  return converted(task, param, texts[0]!, () => convert(texts[0]!, kind));
}

async function converted(
  task: string,
  param: CommandLineParam | undefined,
  given: unknown,
  byKind: (param: CommandLineParam) => unknown,
): Promise<unknown> {
  // The task says what is wrong with a param that it does not have.
  if (!param) return given;
  const { name, schema, secret } = param.definition;
  try {
    if (!schema) return byKind(param);
    return await acceptable(param, given, () => byKind(param));
  } catch (error) {
    if (!(error instanceof NotConvertedError)) throw error;
    const value = secret ? 'a secret that is something else' : showValue(given);
    if (param.isDeclared) throw new Misuse(`${task}: the param ${name} must be ${error.message}, but is ${value}`);
    throw new Misuse(
      `${task}: the param ${name} must be ${error.message}, as its default is, but is ${value}; --params '{"${name}": …}' takes another type where @Param({ type: … }) declares it`,
    );
  }
}

/** What a schema takes of what may be meant; when it takes nothing, what it is to complain of. */
async function acceptable(
  { definition: { schema } }: CommandLineParam,
  given: unknown,
  byKind: () => unknown,
): Promise<unknown> {
  const readings = [byKind, () => given];
  if (typeof given === 'string')
    readings.push(
      () => guess(given),
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
    const checked: Checked = await check(schema!, value);
    if ('value' in checked) return value;
  }
  return typeof given === 'string' ? guess(given) : given;
}

function unknownParam(
  task: string,
  name: string,
  known: ReadonlyMap<string, CommandLineParam>,
  options: readonly string[],
): string {
  const params = [...known.keys()];
  const meant = nearest(name, [...params, ...options]);
  const hint = meant
    ? `did you mean --${optionName(meant)}?`
    : params.length > 0
      ? `it has ${params.join(', ')}`
      : 'it has none';
  return `${task} has no param ${name}, and there is no option --${optionName(name)}; ${hint}`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Misuse(`--params-file: ${describeError(cause)}`, { cause });
  }
}

function parse(text: string, from: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Misuse(`${from} is no JSON: ${describeError(cause)}`, { cause });
  }
  try {
    checkNumbers(text);
  } catch (cause) {
    throw new Misuse(`${from} holds ${(cause as NotConvertedError).part}: it must be ${describeError(cause)}`, {
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Misuse(`${from} is ${showValue(value)}; it must be an object with params by name`);
}
