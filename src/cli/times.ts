import { showSeconds } from '../report/units';
import type { Cell } from './table';

/** A time for people: `2026-01-31 14:05`, where they are. */
export function showTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** A duration in a table. */
export function durationCell(seconds: number | undefined): Cell {
  if (seconds === undefined) return '';
  return { shown: showSeconds(seconds), raw: String(Number(seconds.toFixed(6))) };
}
