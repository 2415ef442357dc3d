import { sharedState } from '../../base/shared-state';

/** The numbers in use, by kind of pool. */
const taken = sharedState('worker-names', () => new Map<string, Set<number>>());

/** What a worker is called. */
export interface WorkerName {
  readonly text: string;
  /** Called once the worker is gone: another one may be called so. */
  release(): void;
}

/** A name such as `threads 2`, which no other worker of this process has meanwhile, of whatever pool. */
export function takeName(pool: string): WorkerName {
  let numbers = taken.get(pool);
  if (!numbers) taken.set(pool, (numbers = new Set()));
  let number = 1;
  while (numbers.has(number)) number++;
  numbers.add(number);
  return { text: `${pool} ${number}`, release: () => void numbers.delete(number) };
}
