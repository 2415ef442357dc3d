/**
 * The best-fitting exponent of a power law between size and total cost: 1 is linear, less is better.
 *
 * @param points pairs of size and cost per unit
 */
export function exponent(points: readonly { readonly value: number; readonly each: number }[]): number {
  const logs = points.map(({ value, each }) => [Math.log(value), Math.log(value * each)] as const);
  const mean = (pick: 0 | 1) => logs.reduce((sum, pair) => sum + pair[pick], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return covariance / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}
