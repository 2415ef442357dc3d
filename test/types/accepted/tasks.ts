import { readFile } from 'node:fs/promises';
import {
  fileFingerprint,
  type OutputOf,
  Param,
  type ParamsOf,
  Requires,
  Task,
  type TaskContext,
  type TaskKey,
  task,
} from 'tidemark';
import { holds, type Same } from './same';

class Trainer {
  fit(rows: readonly string[]): number {
    return rows.length;
  }
}
class Model {
  #weights = new Float64Array(3);
  private readonly name = 'model';
  get size() {
    return this.#weights.length + this.name.length;
  }
}

@Task({ save: true })
export class LoadRows {
  @Param() path!: string;
  fingerprint() {
    return fileFingerprint(this.path);
  }
  async run(): Promise<string[]> {
    return (await readFile(this.path, 'utf8')).split('\n');
  }
}

// The options, one by one and together; params are typed in key().
@Task()
export class Bare {
  run() {}
}
@Task({})
export class Empty {
  run() {}
}
@Task({ name: 'Named', version: '2024-01', queue: 'gpu' })
export class Named {
  run() {}
}
@Task({ name: (cls) => `prefix.${cls.name}`, retries: 3 })
export class NamedByFunction {
  run() {}
}
@Task({ retries: { attempts: 3, delay: 10, factor: 1.5, maxDelay: 1_000 } })
export class Retried {
  run() {}
}
@Task({ produces: Model })
export class MakeModel {
  run(): Model {
    return new Model();
  }
}
@Task({ produces: Model, save: true })
export class MakeModelLater {
  async run() {
    return new Model();
  }
}
@Task({ key: (params: { id: string }) => params.id })
export class Keyed {
  @Param() id!: string;
  run() {}
}
@Task<Guessed>({ key: (params) => params.id.toFixed() })
export class Guessed {
  @Param() id!: number;
  run() {}
}

// A private member in a result's class does not break it, promised or not.
@Task()
export class UseModel {
  @Requires(MakeModel) model!: Model;
  @Requires(MakeModelLater) later!: Model;
  run() {
    return this.model.size + this.later.size;
  }
}
holds<Same<OutputOf<UseModel>, number>>();
holds<Same<OutputOf<typeof MakeModelLater>, Model>>();

// Services: by type, by `services`, with defaults.
@Task()
export class Injected {
  constructor(private readonly trainer: Trainer) {}
  run() {
    return this.trainer.fit([]);
  }
}
@Task({ services: [Trainer, Model] })
export class Listed {
  constructor(
    readonly trainer: Trainer,
    protected readonly model: Model,
  ) {}
  run() {
    return this.trainer.fit([]) + this.model.size;
  }
}

// The context, with or without, and a fingerprint that is awaited.
@Task()
export class WithContext {
  run(context: TaskContext): TaskKey {
    context.progress(1);
    context.progress(1, 3);
    context.signal.throwIfAborted();
    holds<Same<typeof context.attempt, number>>();
    return context.key;
  }
  async fingerprint() {
    return 'state';
  }
}

// Methods are not params; getters cannot be distinguished from properties.
export const params: ParamsOf<LoadRows> = { path: 'a.csv' };
holds<Same<keyof ParamsOf<LoadRows>, 'path'>>();

// A task that returns refs to itself needs an explicit type.
@Task()
export class Loop {
  @Param() n = 0;
  run(): number | ReturnType<typeof loop> {
    return this.n > 5 ? this.n : loop(this.n + 1);
  }
}
function loop(n: number): import('tidemark').TaskRef<number> {
  return task(Loop, { n });
}
holds<Same<OutputOf<Loop>, number>>();
