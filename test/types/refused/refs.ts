import { Param, Task, TaskRef, task } from 'tidemark';

@Task()
class Scores {
  @Param() path!: string;
  @Param() seeds: readonly number[] = [1];
  run(): { byName: Record<string, number>; best: [string, number]; all: number[] } {
    throw new Error();
  }
}
class NoTask {}

// error: 'paht' does not exist in type 'ParamsOf<Scores>'
task(Scores, { paht: 'a' });

// error: Type 'number' is not assignable to type 'string'
task(Scores, { path: 3 });

// error: Type 'string' is not assignable to type 'readonly number[]'
task(Scores, { path: 'a', seeds: 'b' });

// error: 'run' does not exist in type 'ParamsOf<Scores>'
task(Scores, { run: () => 3 });

// error: Argument of type 'Scores' is not assignable
task(new Scores());

// error: Property 'run' is missing in type 'NoTask'
task(NoTask);

// error: Argument of type '"worst"' is not assignable to parameter of type
task(Scores).at('worst');

// error: Argument of type '2' is not assignable to parameter of type '0 | 1'
task(Scores).at('best', 2);

// error: Argument of type 'string' is not assignable to parameter of type 'number'
task(Scores).at('all', 'first');

// error: Argument of type 'string' is not assignable to parameter of type 'number'
task(Scores).at('all').at('toFixed');

// error: is not assignable to type 'TaskRef<number>'
export const wrong: TaskRef<number> = task(Scores);

// error: Type 'TaskRef<number>' is not assignable to type 'TaskRef<string>'
export const part: TaskRef<string> = task(Scores).at('best', 1);

// error: Constructor of class 'TaskRef<Out>' is private
new TaskRef(Scores, {}, []);
