import { showValue } from '../task/show';

/** `seed: 3` */
export function paramText(name: string, value: unknown): string {
  return `${name}: ${shorten(showValue(value))}`;
}

const longest = 32;

function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
