import { draw } from '../bench/draw';
import type { Axis, Point } from './axis';

/** One picture with a panel for each figure. */
export function plot(axis: Axis, points: readonly Point[]): Promise<string> {
  const values = points.flatMap(({ series, value, figures }) =>
    axis.figures.map(({ name }) => ({ series, value, figure: name, cost: figures[name] })),
  );
  const powers = axis.values.filter((value) => Number.isInteger(Math.log10(value)));
  const panel = ({ name, isLogarithmic }: Axis['figures'][number]) => ({
    width: 330,
    height: 240,
    transform: [{ filter: `datum.figure === '${name}'` }],
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'value',
        type: 'quantitative',
        title: axis.unit,
        scale: { type: 'log' },
        axis: { format: '~s', values: powers },
      },
      y: {
        field: 'cost',
        type: 'quantitative',
        title: name,
        scale: isLogarithmic ? { type: 'log' } : { zero: true },
        axis: { format: '~s', tickCount: 6 },
      },
      color: { field: 'series', type: 'nominal', title: null, sort: axis.series.map((one) => one.name) },
    },
  });
  return draw({ title: axis.title, data: { values }, hconcat: axis.figures.map(panel) });
}
