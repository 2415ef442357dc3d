import { join } from 'node:path';
import type { Figures } from '../bench/case';
import { runProgram } from '../bench/measure';
import { median } from '../bench/statistics';
import type { Axis, Point, Series } from './axis';

export interface AxisOptions {
  readonly rounds: number;
  /** Values above are left out. */
  readonly most: number;
  /** Where folders are made. */
  readonly base: string;
  readonly tell: (text: string) => void;
}

/** Measures each series at each value, series by turns, each time in a new process. */
export function measureAxis(axis: Axis, options: AxisOptions): readonly Point[] {
  return axis.values
    .filter((value) => value <= options.most)
    .flatMap((value) => {
      options.tell(`${axis.name} ${value.toLocaleString('en')}`);
      return measureValue(axis, value, options);
    });
}

function measureValue(axis: Axis, value: number, { rounds, base }: AxisOptions): readonly Point[] {
  const results = new Map<string, Figures[]>(axis.series.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const series of axis.series) {
      const place = axis.growsInPlace ? series.name : `${series.name}-${value}-${round}`;
      const folder = join(base, `${axis.name}-${place}`.replace(/\W+/g, '-'));
      const isPrepared = axis.growsInPlace && round > 0;
      if (series.before && !isPrepared) run(series, series.before(value), folder);
      results.get(series.name)!.push(run(series, series.args(value), folder));
    }
  }
  return [...results].map(([series, measured]) => ({ series, value, figures: mediansOf(measured) }));
}

function run({ program }: Series, args: readonly string[], folder: string): Figures {
  return runProgram(
    program,
    args.map((arg) => (arg === 'FOLDER' ? folder : arg)),
  );
}

function mediansOf(measured: readonly Figures[]): Figures {
  const names = Object.keys(measured[0]!);
  return Object.fromEntries(names.map((name) => [name, median(measured.map((one) => one[name]!))]));
}
