import { inspect } from 'node:util';
import { escapeLine } from '../base/escape-controls';

/** A value on one short line, for messages. */
export function showValue(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 5,
    maxStringLength: 60,
  });
  return escapeLine(text.length > 120 ? `${text.slice(0, 117)}…` : text);
}

/** A task with its params on one short line: `TrainModel({ seed: 3 })`. */
export function showTask(
  name: string,
  params: Readonly<Record<string, unknown>>,
  secret?: ReadonlySet<string>,
): string {
  const shown = Object.entries(params).map(
    ([param, value]) => `${param}: ${secret?.has(param) ? '(secret)' : showValue(value)}`,
  );
  const task = escapeLine(name);
  if (shown.length === 0) return task;
  const text = shown.join(', ');
  return `${task}({ ${text.length > 160 ? `${text.slice(0, 157)}…` : text} })`;
}
