import { inspect } from 'node:util';

/** A value on one short line, for messages. */
export function showValue(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 5,
    maxStringLength: 60,
  });
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
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
  if (shown.length === 0) return name;
  const text = shown.join(', ');
  return `${name}({ ${text.length > 160 ? `${text.slice(0, 157)}…` : text} })`;
}
