import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Param, Requires, RunFailedError, Runner, Storage, Task, TaskRef, task } from 'tidemark';
import { StoredRef } from '../../src/graph/stored-ref';
import { saveIn } from '../support/checkpoint';
import { collect } from '../support/collect';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';

let ran: string[] = [];
let files: string[] = [];
let failing: string | undefined;
beforeEach(() => {
  ran = [];
  files = ['a', 'b'];
  failing = undefined;
});
const ranSorted = () => ran.splice(0).sort();

@Task({ save: true })
class Parse {
  @Param() file!: string;
  async run(): Promise<string> {
    ran.push(`Parse ${this.file}`);
    await sleep(1);
    if (this.file === failing) throw new Error(`cannot parse ${this.file}`);
    return this.file.toUpperCase();
  }
}

@Task({ save: true })
class List {
  @Param() folder = 'x';
  run(): { folder: string; parsed: TaskRef<string>[] } {
    ran.push('List');
    return { folder: this.folder, parsed: files.map((file) => task(Parse, { file })) };
  }
}

@Task({ save: true })
class Join {
  @Requires(List, () => ({ folder: 'x' })) list!: { folder: string; parsed: string[] };
  run(): string {
    ran.push('Join');
    return `${this.list.folder}: ${this.list.parsed.join()}`;
  }
}

it('runs the refs in a result and gives whoever requires it their results', async () => {
  const runner = new Runner({ storage: 'memory:' });
  expect(await runner.run(Join)).toBe('x: A,B');
  expect(ranSorted()).toEqual(['Join', 'List', 'Parse a', 'Parse b']);
  expect(await runner.run(List)).toEqual({ folder: 'x', parsed: ['A', 'B'] });
  expect(ranSorted()).toEqual([]);
});

it('saves refs as refs, at once', async () => {
  const storage = Storage.open('memory:');
  failing = 'b';
  await expect(new Runner({ storage }).run(List)).rejects.toThrow(/Parse\(\{ file: 'b' \}\) failed: cannot parse b/);
  failing = undefined;
  ran = [];
  expect(await new Runner({ storage }).run(List)).toEqual({ folder: 'x', parsed: ['A', 'B'] });
  expect(ranSorted()).toEqual(['Parse b']);
});

it('says how a task came to be required that a result named', async () => {
  failing = 'b';
  const { error, summary } = await outcomeOf(new Runner({ storage: 'memory:', onFailure: 'continue' }).start(Join));
  expect(error).toBeInstanceOf(RunFailedError);
  expect(error.errors.map((one: any) => [one.task, one.requiredBy])).toEqual([
    ['Parse', ['Join', "List({ folder: 'x' })"]],
  ]);
  expect([summary.ran, summary.failed, summary.skipped]).toEqual([2, 1, 1]);
});

it('computes what came from a result again when a task that it named has another version', async () => {
  const storage = Storage.open('memory:');
  const define = (version: number) => {
    @Task({ name: 'Versioned', save: true, version })
    class Versioned {
      run(): number {
        ran.push(`Versioned ${version}`);
        return version;
      }
    }
    @Task({ name: 'Lister', save: true })
    class Lister {
      run(): TaskRef<number>[] {
        ran.push('Lister');
        return [task(Versioned)];
      }
    }
    @Task({ name: 'Between' })
    class Between {
      @Requires(Lister) list!: number[];
      run(): number {
        return this.list[0]!;
      }
    }
    @Task({ name: 'Last', save: true })
    class Last {
      @Requires(Between) one!: number;
      run(): number {
        ran.push('Last');
        return this.one * 10;
      }
    }
    return Last;
  };
  expect(await new Runner({ storage }).run(define(1))).toBe(10);
  expect(ranSorted()).toEqual(['Last', 'Lister', 'Versioned 1']);
  expect(await new Runner({ storage }).run(define(1))).toBe(10);
  expect(ranSorted()).toEqual([]);
  expect(await new Runner({ storage }).run(define(2))).toBe(20);
  expect(ranSorted()).toEqual(['Last', 'Versioned 2']);
});

it('forgets what came from a result when a task that it named is cleared', async () => {
  const storage = Storage.open('memory:');
  const runner = new Runner({ storage });
  await runner.run(Join);
  ran = [];
  await runner.clear(Parse, { file: 'a' });
  expect(await runner.run(Join)).toBe('x: A,B');
  expect(ranSorted()).toEqual(['Join', 'Parse a']);
  await runner.run(Join);
  expect(ranSorted()).toEqual([]);
});

it('computes anew what came from a task that is forced, also when only a result named it', async () => {
  const runner = new Runner({ storage: 'memory:' });
  await runner.run(Join);
  ran = [];
  expect(await runner.run(Join, {}, { force: [Parse] })).toBe('x: A,B');
  expect(ranSorted()).toEqual(['Join', 'Parse a', 'Parse b']);
  await runner.run(Join, {}, { force: [List] });
  expect(ranSorted()).toEqual(['Join', 'List']);
  await runner.run(Join, {}, { force: [] });
  expect(ranSorted()).toEqual([]);
});

it('computes what is forced once in a run, however late it is named again', async () => {
  @Task()
  class After {
    @Requires(Join) joined!: string;
    async run(): Promise<TaskRef<string>[]> {
      await sleep(5);
      return [task(Parse, { file: 'a' }), task(Join)];
    }
  }
  const runner = new Runner({ storage: 'memory:' });
  for (const force of [true, [Parse], [List], [Join]]) {
    expect(await runner.run(After, {}, { force })).toEqual(['A', 'x: A,B']);
    expect(new Set(ran).size).toBe(ran.length);
    expect(ran).toContain('Join');
    ran = [];
  }
});

it('runs a node once although results and requirements name it', async () => {
  @Task()
  class Slow {
    async run(): Promise<number> {
      ran.push('Slow');
      await sleep(10);
      return 1;
    }
  }
  @Task()
  class Names {
    @Param() n!: number;
    run(): TaskRef<number> {
      return task(Slow);
    }
  }
  @Task()
  class Both {
    @Requires(Slow) slow!: number;
    @Requires(() => [task(Names, { n: 1 }), task(Names, { n: 2 })]) named!: number[];
    run(): number[] {
      return [this.slow, ...this.named];
    }
  }
  expect(await new Runner({ storage: 'memory:' }).run(Both)).toEqual([1, 1, 1]);
  expect(ranSorted()).toEqual(['Slow']);
});

@Task({ save: true })
class Loop {
  @Param() n!: number;
  @Param() to!: number;
  run(): number | TaskRef<any> {
    ran.push(`${this.n}`);
    if (String(this.n) === failing) throw new Error('stopped here');
    return this.n === this.to ? this.n : task(Loop, { n: this.n + 1, to: this.to });
  }
}

it('follows a task that gives a ref to itself, saves each step and resumes in the middle', async () => {
  const storage = Storage.open('memory:');
  failing = '60';
  await expect(new Runner({ storage }).run(Loop, { n: 0, to: 100 })).rejects.toThrow('stopped here');
  expect(ran).toHaveLength(61);
  failing = undefined;
  ran = [];
  expect(await new Runner({ storage }).run(Loop, { n: 0, to: 100 })).toBe(100);
  expect([ran.length, ran[0]]).toEqual([41, '60']);
  expect((await collect(storage.list({ task: Loop }))).length).toBe(101);
});

it('says that a chain of refs leads back to itself', async () => {
  @Task()
  class Circle {
    @Param() n!: number;
    run(): TaskRef<any> {
      return task(Circle, { n: this.n < 9 ? this.n + 1 : 3 });
    }
  }
  await expect(new Runner({ storage: 'memory:' }).run(Circle, { n: 0 })).rejects.toThrow(
    /leads back to itself.*after 7 steps/,
  );
});

it('prints the circle when tasks wait for each other by way of refs', async () => {
  @Task()
  class Egg {
    run(): TaskRef<any>[] {
      return [task(Hen)];
    }
  }
  @Task()
  class Hen {
    @Requires(Egg) egg!: unknown;
    run(): number {
      return 1;
    }
  }
  await expect(new Runner({ storage: 'memory:' }).run(Hen)).rejects.toThrow(
    /wait for each other in a circle:\n\s+Egg\n\s+waits for Hen\n\s+waits for Egg\n/,
  );
});

it('does not block at concurrency 1', async () => {
  const runner = new Runner({ storage: 'memory:', concurrency: 1 });
  expect(await runner.run(Join)).toBe('x: A,B');
  expect(await runner.run(Loop, { n: 0, to: 20 })).toBe(20);
});

it('takes parts of what refs lead to, and refs in the params of refs', async () => {
  @Task()
  class Pair {
    run(): { left: TaskRef<string>; right: TaskRef<string> } {
      return { left: task(Parse, { file: 'l' }), right: task(Parse, { file: 'r' }) };
    }
  }
  @Task()
  class Right {
    @Requires(() => task(Pair).at('right')) right!: string;
    run(): string {
      return this.right;
    }
  }
  @Task()
  class Of {
    @Param() ref!: TaskRef<string>;
    @Requires((self) => self.ref) value!: string;
    run(): string {
      return `of ${this.value}`;
    }
  }
  @Task({ save: true })
  class Deep {
    run(): TaskRef<string>[] {
      return [task(Of, { ref: task(Parse, { file: 'deep' }) })];
    }
  }
  const storage = Storage.open('memory:');
  expect(await new Runner({ storage }).run({ right: Right, deep: Deep })).toEqual({ right: 'R', deep: ['of DEEP'] });
  expect(await new Runner({ storage }).run(Deep)).toEqual(['of DEEP']);
});

it('says so when a ref in a result leads to the task itself', async () => {
  @Task()
  class Self {
    run(): TaskRef<any> {
      return task(Self);
    }
  }
  await expect(new Runner({ storage: 'memory:' }).run(Self)).rejects.toThrow(
    /in a circle:\n\s+Self\n\s+waits for Self\n/,
  );
});

it('says what to import when the class of a task that a saved result names is not here', async () => {
  const storage = Storage.open('memory:');
  const key = await new Runner({ storage }).key(List);
  const value = [new StoredRef('NotHere', {}, [])];
  await saveIn(storage, { task: 'List', name: key.slice('List/'.length), value, dynamic: [[key, []]] });
  await expect(new Runner({ storage, onWarning: () => {} }).run(List)).rejects.toThrow(
    /List.* failed: it contains a ref to the task NotHere, and no class with that name is loaded: import the file/,
  );
});

it('reports what is wrong with the storage when it looks again for what another execution may have saved', async () => {
  @Task()
  class Fast {
    run(): TaskRef<string>[] {
      return [task(Parse, { file: 'fast' })];
    }
  }
  @Task({ save: true })
  class Late {
    @Requires(() => task(Soon)) soon!: number;
    run(): number {
      ran.push('Late');
      return this.soon;
    }
  }
  @Task()
  class Soon {
    async run(): Promise<number> {
      await sleep(40);
      return 1;
    }
  }
  const store = new ObservedStore();
  let looks = 0;
  store.before = (operation, key) => {
    if (operation === 'get' && key.startsWith('Late/') && ++looks === 2) throw new Error('away');
  };
  const runner = new Runner({ storage: store });
  const { error, summary } = await outcomeOf(runner.start([Late, Fast]));
  expect([looks, error?.message, summary.storageErrors.length]).toEqual([2, expect.stringMatching(/away/), 1]);
  expect(ran).not.toContain('Late');
});

it('refuses results that hold refs to each other without an end, but not a loop', async () => {
  @Task()
  class Nested {
    @Param() n = 0;
    run(): unknown {
      return [task(Nested, { n: this.n + 1 })];
    }
  }
  @Task()
  class Loop {
    @Param() n = 0;
    run(): unknown {
      return this.n < 50 ? task(Loop, { n: this.n + 1 }) : 'over';
    }
  }
  const runner = new Runner({ storage: 'memory:', maxNodes: 30 });
  const message = await runner.run(Nested).then(String, ({ errors }) => errors[0].message);
  expect(message).toContain('Nested({ n: 30 }) failed: more than 30 results hold refs to each other');
  expect(message).toContain(
    'required by Nested({ n: 20 })\n    required by … 10 more …\n    required by Nested({ n: 9 })',
  );
  expect(await runner.run(Loop)).toBe('over');
});
