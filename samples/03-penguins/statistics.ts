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

/** The part of the labels that was predicted right. */
export function accuracy(labels: readonly number[], predicted: readonly number[]): number {
  return mean(labels.map((label, i) => Number(label === predicted[i])));
}

/** How well a class is found (F1: precision and recall in one number), as a mean in which rare classes count as much. */
export function macroF1(labels: readonly number[], predicted: readonly number[]): number {
  const count = (all: readonly number[], one: number) => all.filter((label) => label === one).length;
  const hits = labels.filter((label, i) => label === predicted[i]);
  const f1s = [...new Set(labels)].map((one) => (2 * count(hits, one)) / (count(labels, one) + count(predicted, one)));
  return mean(f1s);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
