import { sharedState } from '../../base/shared-state';

const outputs = sharedState('task-outputs', () => new WeakMap<object, string>());
const shownLines = 20;

/** The end of what a task printed before it threw this, when it ran in a process of its own: the last lines. */
export function outputOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? outputs.get(error) : undefined;
}

export function noteOutput(error: unknown, output: string): void {
  if (output !== '' && typeof error === 'object' && error !== null) outputs.set(error, lastLines(output));
}

/** The last 20 lines of a text. */
export function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-shownLines).join('\n');
}
