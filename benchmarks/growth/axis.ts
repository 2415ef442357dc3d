import type { Figures } from '../bench/case';

/** One line of a plot: a program with its arguments. */
export interface Series {
  readonly name: string;
  readonly program: string;
  /** `FOLDER` is replaced by a folder: a new one each time, or that of the series if it is filled step by step. */
  readonly args: (value: number) => readonly string[];
  /** Arguments of the preparation, run once for each value. */
  readonly before?: (value: number) => readonly string[];
}

/** A size that varies, and the figures measured along it. */
export interface Axis {
  readonly name: string;
  readonly title: string;
  /** The unit of the values. */
  readonly unit: string;
  readonly values: readonly number[];
  readonly series: readonly Series[];
  /** The plotted figures, and their scale. */
  readonly figures: readonly { readonly name: string; readonly isLogarithmic?: boolean }[];
  /** Figures with an exponent: per unit or total. */
  readonly growsBy?: Readonly<Record<string, 'one' | 'all'>>;
  /** True if the folder of a series keeps the results of smaller values. */
  readonly growsInPlace?: boolean;
}

/** The figures at one value. */
export interface Point {
  readonly series: string;
  readonly value: number;
  /** Medians. */
  readonly figures: Figures;
}

/** Powers of ten and halves between them, such as 1,000, 3,000, 10,000. */
export function steps(from: number, to: number): readonly number[] {
  const values: number[] = [];
  for (let power = from; power <= to; power *= 10) values.push(power, ...(3 * power <= to ? [3 * power] : []));
  return values;
}
