import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Point } from './axis';

/** The figures along one axis. */
export interface AxisResult {
  readonly axis: string;
  readonly measuredOn: string;
  readonly points: readonly Point[];
}

export function readFigures(file: string): Map<string, AxisResult> {
  if (!existsSync(file)) return new Map();
  const results = JSON.parse(readFileSync(file, 'utf8')) as AxisResult[];
  return new Map(results.map((one) => [one.axis, one]));
}

export function writeFigures(file: string, results: ReadonlyMap<string, AxisResult>): void {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? +value.toPrecision(4) : value);
  writeFileSync(file, `${JSON.stringify([...results.values()], rounded, 1)}\n`);
}
