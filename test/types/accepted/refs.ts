import { isTaskRef, type OutputOf, Param, Task, TaskRef, task } from 'tidemark';
import { type Resolved } from 'tidemark/extend';
import { holds, type Same } from './same';

interface Row {
  id: string;
  amount: number;
}

@Task()
class Rows {
  run(): Row[] {
    return [];
  }
}
@Task()
class Pair {
  run() {
    return ['a', { deep: [1, 2] }] as [string, { deep: number[] }];
  }
}
@Task()
class Prices {
  run() {
    return new Map<string, Row>();
  }
}
@Task()
class Named {
  run(): Record<string, Row | undefined> {
    return {};
  }
}
@Task()
class Never {
  run(): Promise<never> {
    throw new Error();
  }
}
@Task()
class Later {
  run(): PromiseLike<Row> {
    return Promise.resolve({ id: '', amount: 1 });
  }
}
@Task()
class Fan {
  @Param() n = 3;
  run() {
    return Array.from({ length: this.n }, () => task(Rows));
  }
}
@Task()
class Deep {
  run() {
    return { a: { b: task(Fan), c: 1 }, d: new Date(), e: [task(Pair), 'x'] as const };
  }
}

// Results of refs are typed, including results that contain refs.
holds<Same<ReturnType<typeof rows>, TaskRef<Row[]>>>();
function rows() {
  return task(Rows);
}
holds<Same<OutputOf<Fan>, Row[][]>>();
holds<Same<OutputOf<Deep>['a'], { b: Row[][]; c: number }>>();
holds<Same<OutputOf<Deep>['d'], Date>>();
holds<Same<OutputOf<Later>, Row>>();
holds<Same<OutputOf<Never>, never>>();

// Parts: of arrays, tuples, objects, Maps, three deep.
holds<Same<typeof amount, TaskRef<number>>>();
const amount = task(Rows).at(0, 'amount');
holds<Same<typeof first, TaskRef<string>>>();
const first = task(Pair).at(0);
holds<Same<typeof inner, TaskRef<number>>>();
const inner = task(Pair).at(1, 'deep', 0);
holds<Same<typeof priced, TaskRef<string>>>();
const priced = task(Prices).at('apple', 'id');
holds<Same<typeof row, TaskRef<Row>>>();
const row = task(Named).at('x');
holds<Same<typeof chained, TaskRef<number>>>();
const chained = task(Named).at('x').at('amount');

// A ref to something narrower is a ref to something wider.
export const wider: TaskRef<readonly { id: string }[]> = task(Rows);
export const any: TaskRef<any> = task(Rows);
export const unknownRefs: TaskRef<unknown>[] = [task(Rows), amount, first, inner, priced, row, chained];

declare const something: unknown;
if (isTaskRef(something)) holds<Same<typeof something, TaskRef<unknown>>>();
if (something instanceof TaskRef) console.log(something.task.name, something.params, something.path);

// Structures without refs keep their type, the compiler does not lose itself in those that hold themselves.
class Secretive {
  #x = 1;
  private y = 2;
  get sum() {
    return this.#x + this.y;
  }
}
interface Tree {
  children: Tree[];
  value: number;
}
holds<Same<Resolved<Secretive>, Secretive>>();
holds<Same<Resolved<Tree>, Tree>>();
holds<Same<Resolved<Map<string, TaskRef<Row>>>, Map<string, Row>>>();
holds<Same<Resolved<Set<TaskRef<Row>>>, Set<Row>>>();
holds<Same<Resolved<readonly [TaskRef<1>, typeof Rows, 'x']>, [1, Row[], 'x']>>();
