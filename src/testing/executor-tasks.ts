import { writeFileSync } from 'node:fs';
import { Param, Requires, registerType, Task, type TaskContext, type TaskRef, task } from '../entry/index';

// The tasks that the suite of executors runs. Workers load this file by its path.

export class PaymentError extends RangeError {
  constructor(
    readonly amount: number,
    readonly customer: object,
  ) {
    super(`${amount} is too much`);
  }
}

class HiddenError extends PaymentError {
  override name = 'HiddenError';
}

export class Celsius {
  constructor(readonly degrees: number) {}
}
registerType(Celsius, { name: 'Celsius', encode: ({ degrees }) => degrees, decode: (it) => new Celsius(it) });

@Task()
export class Add {
  @Param() a = 1;
  @Param() b = 2;
  run(): number {
    return this.a + this.b;
  }
}

/** Gives back what it was given. */
@Task()
export class Echo {
  @Param({ optional: true }) value: unknown;
  run(): unknown {
    return this.value;
  }
}

@Task({ save: true })
export class SavedEcho {
  @Param({ optional: true }) value: unknown;
  run(): unknown {
    return this.value;
  }
}

@Task()
export class LargeArray {
  @Param() length = 0;
  run(): Float64Array {
    return Float64Array.from({ length: this.length }, (_, i) => i / 3);
  }
}

@Task()
export class Odd {
  run(): unknown {
    return { zero: -0, when: new Date(5), map: new Map([[1n, new Set([Number.NaN])]]), celsius: new Celsius(20) };
  }
}

@Task()
export class UsesResults {
  @Requires(() => task(Odd)) odd!: any;
  @Requires(() => ({
    arrays: [task(LargeArray, { length: 9_000 }), task(LargeArray, { length: 9_000 })],
    sum: task(Add),
    word: 'x',
  }))
  many!: { arrays: [Float64Array, Float64Array]; sum: number; word: string };
  run(): unknown {
    const { arrays, sum, word } = this.many;
    return [
      this.odd.celsius instanceof Celsius && this.odd.map.get(1n).has(Number.NaN) && Object.is(this.odd.zero, -0),
      arrays[0] === arrays[1] && arrays[0] instanceof Float64Array,
      arrays[1][8_999],
      sum,
      word,
    ];
  }
}

@Task()
export class LooksAtParams {
  @Param() options!: { list: number[]; when: Date };
  @Param() other!: TaskRef<number>;
  @Param({ optional: true }) absent?: number;
  run(): unknown {
    return [
      Object.isFrozen(this.options.list),
      this.options.when.getTime(),
      this.other.task === Add && this.other.params,
      'absent' in this && this.absent,
    ];
  }
}

@Task()
export class LooksAtContext {
  run({ task, key, attempt, signal, progress }: TaskContext): unknown {
    return [task, key.startsWith('LooksAtContext/'), attempt, signal.aborted, typeof progress];
  }
}

@Task()
export class Progresses {
  run(context: TaskContext): void {
    context.progress(1, 3);
    context.progress(2, 3, 'nearly');
    context.log('a word');
    context.progress(0.5, 'half');
  }
}

@Task()
export class Fails {
  @Param() how!: string;
  run(): unknown {
    switch (this.how) {
      case 'payment':
        throw new PaymentError(7, { name: 'Ada' });
      case 'hidden':
        throw new HiddenError(8, {});
      case 'cause':
        throw new TypeError('outer', {
          cause: Object.assign(new Error('inner'), { code: 'EINNER', cause: 'a string' }),
        });
      case 'aggregate':
        throw new AggregateError([new RangeError('first'), 'second'], 'several');
      case 'system':
        writeFileSync('/nowhere/at/all', '');
        return;
      case 'circle': {
        const error = new Error('circle');
        throw Object.assign(error, { self: error, send() {} });
      }
      case 'string':
        throw 'a string';
      case 'undefined':
        throw undefined;
      case 'function':
        return { list: [1, () => 2] };
      default:
        return new DOMException('gone', 'AbortError').code;
    }
  }
}

/** Results that are encoded in different ways, all of them large. */
@Task()
export class Large {
  @Param() kind!: string;
  run(): unknown {
    const texts = Array.from({ length: 5_000 }, (_, i) => `text ${i} ünïcode`);
    switch (this.kind) {
      case 'v8':
        return { texts, lone: '\ud800', map: new Map([[1, texts]]) };
      case 'types':
        return texts.map((_, i) => new Celsius(i));
      case 'segments':
        return { numbers: new Float64Array(20_000).fill(7), texts };
      default:
        return { texts, buffer: Buffer.alloc(30_000, 1) };
    }
  }
}

@Task()
export class GetsLarge {
  @Param() kind!: string;
  @Requires(Large) large: unknown;
  run(): unknown {
    return this.large;
  }
}

/** Ends by its signal only. */
@Task()
export class Waits {
  run({ signal }: TaskContext): Promise<never> {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}
