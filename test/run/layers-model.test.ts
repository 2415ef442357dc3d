import 'reflect-metadata';
import fc from 'fast-check';
import { Requires, Runner, Storage, Task, type TaskClass } from 'tidemark';
import { type ChainOptions, type ScopeOptions } from 'tidemark/extend';

let ran: string[] = [];

@Task({ save: true })
class A {
  run(): string {
    ran.push('A');
    return 'a';
  }
}
@Task({ save: true })
class B {
  @Requires(A) a!: string;
  run(): string {
    ran.push('B');
    return `${this.a}b`;
  }
}
@Task({ save: true })
class C {
  @Requires(B) b!: string;
  @Requires(A) a!: string;
  run(): string {
    ran.push('C');
    return `${this.b}${this.a}c`;
  }
}

const tasks = { A, B, C };
type Name = keyof typeof tasks;
const requires: Record<Name, Name[]> = { A: [], B: ['A'], C: ['B', 'A'] };
const results = { A: 'a', B: 'ab', C: 'abac' };

/** Storages by number: one, or several as a chain, and the scopes around a call, the innermost last. */
interface View {
  readonly own: Chain;
  readonly scopes: readonly (Chain & Required<ScopeOptions>)[];
}
interface Chain extends Required<ChainOptions> {
  readonly stores: readonly number[];
}
type Step =
  | { readonly do: 'run' | 'clear' | 'clear-all'; readonly task: Name; readonly view: View }
  | { readonly do: 'delete'; readonly task: Name; readonly store: number };

/** A clear, and which log it is in: they are written one after the other. */
interface Mark {
  readonly clear: number;
  readonly number: number;
}

/** What a storage holds, in the small: the marks that each saved result has seen, and the log of marks of each task. */
class Model {
  readonly saved = [0, 1, 2].map(() => new Map<Name, ReadonlySet<string>>());
  readonly logs = [0, 1, 2].map(() => ({ A: [] as Mark[], B: [] as Mark[], C: [] as Mark[] }));
  #clears = 0;

  run(target: Name, { reads, writes }: Flat): Name[] {
    const runs: Name[] = [];
    const have = new Set<Name>();
    const loads: [Name, number, readonly number[]][] = [];
    const need = (name: Name): void => {
      if (have.has(name)) return;
      have.add(name);
      const known = reads.find(({ store }) => this.#counts(name, store, reads));
      if (known) return void loads.push([name, known.store, known.promoteTo]);
      for (const required of requires[name]) need(required);
      runs.push(name);
    };
    need(target);
    for (const [name, store, promoteTo] of loads)
      for (const to of promoteTo) this.saved[to]!.set(name, this.saved[store]!.get(name)!);
    for (const name of runs) for (const to of writes) this.saved[to]!.set(name, new Set(this.#marksOn(name, reads)));
    return runs;
  }

  clear(name: Name, { reads, writes }: Flat): void {
    const clear = ++this.#clears;
    for (const [number, store] of [...new Set([...reads.map(({ store }) => store), ...writes])].entries()) {
      this.logs[store]![name].push({ clear, number });
      this.saved[store]!.delete(name);
    }
  }

  #counts(name: Name, store: number, reads: Flat['reads']): boolean {
    const seen = this.saved[store]!.get(name);
    return seen !== undefined && this.#marksOn(name, reads).every((mark) => seen.has(mark));
  }

  /** The last mark of each log, on a task and on what it comes from, less those whose clear came to another log later. */
  #marksOn(name: Name, reads: Flat['reads']): string[] {
    const logs = reads.map(({ store }) => this.logs[store]![name]);
    const own = logs
      .flatMap((log) => log.slice(-1))
      .filter(
        ({ clear, number }) => !logs.some((log) => log.some((mark) => mark.clear === clear && mark.number > number)),
      )
      .map(({ clear, number }) => `${clear}.${number}`);
    return [...own, ...requires[name].flatMap((required) => this.#marksOn(required, reads))];
  }
}

/** A view with its chains and scopes worked out. */
interface Flat {
  readonly reads: readonly { readonly store: number; readonly promoteTo: readonly number[] }[];
  readonly writes: readonly number[];
}

function flatten({ own, scopes }: View): Flat {
  const outward = [...scopes].reverse();
  const hiding = outward.findIndex(({ nested }) => !nested);
  const open = hiding < 0 ? outward : outward.slice(0, hiding + 1);
  const visible: Chain[] = hiding < 0 ? [...open, own] : open;
  const saving: Chain | undefined = open.find(({ save }) => save) ?? (hiding < 0 ? own : undefined);
  return {
    reads: visible.flatMap(({ stores, promote }) =>
      stores.map((store, i) => ({ store, promoteTo: promote && i > 0 ? [stores[0]!] : [] })),
    ),
    writes: saving === undefined ? [] : saving.write === 'all' ? saving.stores : saving.stores.slice(0, 1),
  };
}

const chain = fc.record({
  stores: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
  write: fc.constantFrom('first', 'all'),
  promote: fc.boolean(),
});
const view = fc.record({
  own: chain,
  scopes: fc.array(
    fc.tuple(chain, fc.record({ save: fc.boolean(), nested: fc.boolean() })).map(([a, b]) => ({ ...a, ...b })),
    { maxLength: 2 },
  ),
});
const name = fc.constantFrom<Name>('A', 'B', 'C');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run'), task: name, view }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('clear', 'clear-all'), task: name, view }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), task: name, store: fc.nat(2) }) },
) as fc.Arbitrary<Step>;

function opened(storages: readonly Storage[], { stores, write, promote }: Chain): Storage {
  const [first, ...rest] = stores.map((store) => storages[store]!);
  return Storage.chain(first!, ...rest, { write, promote });
}

/** Calls in scopes, from the outermost in. */
function inScopes<R>(storages: readonly Storage[], scopes: View['scopes'], call: () => Promise<R>): Promise<R> {
  const [outermost, ...inner] = scopes;
  if (!outermost) return call();
  const { save, nested } = outermost;
  return opened(storages, outermost).scope(() => inScopes(storages, inner, call), { save, nested });
}

const keyOf = new Map<Name, string>();
beforeAll(async () => {
  const runner = new Runner({ storage: 'memory:' });
  for (const [task, cls] of Object.entries(tasks)) keyOf.set(task as Name, await runner.key(cls as TaskClass));
});

it('runs, loads, saves and forgets as a small model of chains and scopes does', async () => {
  const check = async (steps: Step[]) => {
    const maps = [0, 1, 2].map(() => new Map<string, Uint8Array>());
    const storages = maps.map((map) => Storage.open(map));
    const model = new Model();
    for (const [i, one] of steps.entries()) {
      const cls = tasks[one.task] as TaskClass;
      if (one.do === 'delete') {
        await storages[one.store]!.delete(keyOf.get(one.task) as never);
        model.saved[one.store]!.delete(one.task);
      } else {
        const runner = new Runner({ storage: opened(storages, one.view.own), onWarning: () => {} });
        await inScopes(storages, one.view.scopes, async () => {
          ran = [];
          if (one.do === 'run') {
            const result = await runner.run(cls);
            const expected = model.run(one.task, flatten(one.view));
            expect([i, result, ran.sort()]).toEqual([i, results[one.task], expected.sort()]);
          } else {
            await runner.clear(cls, ...((one.do === 'clear' ? [{}] : []) as []));
            model.clear(one.task, flatten(one.view));
          }
        });
      }
      const held = maps.map((map) => [...keyOf].filter(([, key]) => map.has(key)).map(([task]) => task));
      expect([i, held]).toEqual([i, model.saved.map((saved) => [...saved.keys()].sort())]);
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), check), { numRuns: 400 });
}, 60_000);
