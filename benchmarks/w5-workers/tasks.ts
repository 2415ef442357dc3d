import { Param, Task } from 'tidemark';

/** About 50 ms of computing. */
export function work(seed: number): number {
  let x = seed;
  for (let i = 0; i < 56_000_000; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  return x;
}

@Task()
export class Work {
  @Param() seed!: number;
  run(): number {
    return work(this.seed);
  }
}
