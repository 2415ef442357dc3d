import type { Figures } from '../bench/case';

/** One line of a plot: a program with its arguments. */
export interface Series {
  readonly name: string;
  readonly program: string;
  /** `FOLDER` stands for a folder: a fresh one each time, or that of the series where it is filled step by step. */
  readonly args: (value: number) => readonly string[];
  /** What has to be there before, once for each value. */
  readonly before?: (value: number) => readonly string[];
}

/** Something that grows, and what is measured while it does. */
export interface Axis {
  readonly name: string;
  readonly title: string;
  /** What the values count. */
  readonly unit: string;
  readonly values: readonly number[];
  readonly series: readonly Series[];
  /** Which figures are plotted, and whether on a logarithmic scale. */
  readonly figures: readonly { readonly name: string; readonly isLogarithmic?: boolean }[];
  /** Figures that have an exponent, and whether they are for one of what grows or for all of it. */
  readonly growsBy?: Readonly<Record<string, 'one' | 'all'>>;
  /** Whether the folder of a series holds what earlier, smaller values left there. */
  readonly growsInPlace?: boolean;
}

/** What was measured at one value. */
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
