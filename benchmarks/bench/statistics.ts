/** The middle one; of an even number, the mean of both. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three digits, which is more than these figures are worth. */
export function show(number: number): string {
  if (!Number.isFinite(number)) return String(number);
  if (number >= 1000) return Math.round(number).toLocaleString('en');
  return number >= 100 ? number.toFixed(0) : number.toFixed(number >= 10 ? 1 : 2);
}
