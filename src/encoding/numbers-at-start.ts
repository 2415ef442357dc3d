/**
 * How many numbers other than -0 an array starts with.
 *
 * A loop of its own: in one that sees other items as well, V8 makes an object of each number that it reads.
 */
export function numbersAtStart(array: readonly unknown[]): number {
  const { length } = array;
  let count = 0;
  while (count < length) {
    const item = array[count];
    if (typeof item !== 'number' || (item === 0 && 1 / item < 0)) break;
    count++;
  }
  return count;
}
