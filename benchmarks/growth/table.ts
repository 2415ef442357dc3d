import { show } from '../bench/statistics';
import { table } from '../bench/tables';
import type { Axis, Point } from './axis';
import { exponent } from './exponent';

/** Figures at powers of ten, and how the whole grows over the upper half of them. */
export function growthTable(axis: Axis, points: readonly Point[]): string {
  const values = axis.values.filter((value) => Number.isInteger(Math.log10(value)));
  const shown = values.filter((value) => points.some((point) => point.value === value));
  const rows = axis.figures.flatMap(({ name }) =>
    axis.series.map((series) => {
      const of = (value: number) => points.find((point) => point.series === series.name && point.value === value);
      const cells = shown.map((value) => show(of(value)?.figures[name] ?? Number.NaN));
      return [
        `${series.name}, ${name}`,
        ...cells,
        grows(
          axis,
          name,
          points.filter((one) => one.series === series.name),
        ),
      ];
    }),
  );
  return table([axis.unit, ...shown.map((value) => value.toLocaleString('en')), 'grows as'], rows);
}

/** `N^1.02`: growth of the total, where the figure is per unit. */
function grows(axis: Axis, figure: string, points: readonly Point[]): string {
  const unit = axis.growsBy?.[figure];
  if (unit === undefined || points.length < 3) return '';
  const upper = points.slice(points.length >> 1);
  const each = (point: Point) => point.figures[figure]! / (unit === 'all' ? point.value : 1);
  return `N^${exponent(upper.map((point) => ({ value: point.value, each: each(point) }))).toFixed(2)}`;
}
