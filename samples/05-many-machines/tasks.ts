import { Param, Requires, Task, type TaskContext, task } from 'tidemark';

/** Throws random darts at a square and counts those within the circle. CPU-bound. */
@Task({ save: true, queue: 'darts' })
export class Darts {
  @Param() seed!: number;
  @Param() throws!: number;
  run(context: TaskContext): number {
    let state = this.seed;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    let within = 0;
    for (let i = 0; i < this.throws; i++) if (random() ** 2 + random() ** 2 < 1) within++;
    context.log(`${within} of ${this.throws}`);
    return within;
  }
}

/** Estimates π from the darts of all workers. */
@Task({ save: true })
export class Pi {
  @Param() rounds = 16;
  @Param() throws = 3_000_000;
  @Requires((self) => Array.from({ length: self.rounds }, (_, i) => task(Darts, { seed: i + 1, throws: self.throws })))
  within!: number[];
  run(): number {
    return (4 * this.within.reduce((sum, one) => sum + one)) / (this.rounds * this.throws);
  }
}
