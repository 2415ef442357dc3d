import { Param, Requires, Task } from 'tidemark';

export function next(n: number): number {
  return n + 1;
}

/** Nothing but the way to a thread and back. */
@Task({ queue: 'threads' })
export class Next {
  @Param() n!: number;
  run(): number {
    return next(this.n);
  }
}

/** Set before the run, to exclude the creation of the array. */
let array: Float64Array = new Float64Array();

export function use(given: Float64Array): void {
  array = given;
}

@Task()
export class Whole {
  run(): Float64Array {
    return array;
  }
}

/** Sends an array to a thread and back. */
@Task({ queue: 'threads' })
export class Back {
  @Param() round!: number;
  @Requires(Whole) whole!: Float64Array;
  run(): Float64Array {
    return this.whole;
  }
}
