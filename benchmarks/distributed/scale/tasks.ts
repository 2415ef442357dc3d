import { setTimeout as wait } from 'node:timers/promises';
import { Param, Requires, Task, task } from 'tidemark';

/** A minimal task: its job costs only the round trip. */
@Task({ queue: 'scale' })
export class Tiny {
  @Param() id!: number;
  @Param() takes = 0;
  async run(): Promise<number> {
    if (this.takes > 0) await wait(this.takes);
    return this.id;
  }
}

/** The same with a result of a kilobyte that is saved. */
@Task({ save: true, queue: 'scale' })
export class Saved {
  @Param() id!: number;
  @Param() run_!: string;
  run(): string {
    return `${this.run_} ${this.id} `.padEnd(1_000, 'result ');
  }
}

/** Many of them, as one target. */
@Task()
export class Many {
  @Param() kind!: 'tiny' | 'saved';
  @Param() count!: number;
  @Param() takes = 0;
  @Param() name = '';
  @Requires((self) =>
    Array.from({ length: self.count }, (_, id) =>
      self.kind === 'tiny' ? task(Tiny, { id, takes: self.takes }) : task(Saved, { id, run_: self.name }),
    ),
  )
  all!: (number | string)[];
  run(): number {
    return this.all.length;
  }
}
