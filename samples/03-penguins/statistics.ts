export interface Spread {
  mean: number;
  /** The standard deviation of a sample. */
  deviation: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return { mean: center, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** The fraction of labels predicted correctly. */
export function accuracy(labels: readonly number[], predicted: readonly number[]): number {
  return mean(labels.map((label, i) => Number(label === predicted[i])));
}

/** F1 score (the harmonic mean of precision and recall), averaged over classes with equal weight. */
export function macroF1(labels: readonly number[], predicted: readonly number[]): number {
  const count = (all: readonly number[], one: number) => all.filter((label) => label === one).length;
  const hits = labels.filter((label, i) => label === predicted[i]);
  const f1s = [...new Set(labels)].map((one) => (2 * count(hits, one)) / (count(labels, one) + count(predicted, one)));
  return mean(f1s);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
