import { Param, Runner, Task, task } from 'tidemark';

@Task()
class Score {
  @Param() path!: string;
  @Param() seed = 0;
  run() {
    return 3;
  }
}
class NoTask {}

export async function run(runner: Runner) {
  // error: Type 'number' is not assignable to type 'string'
  const text: string = await runner.run(Score);

  // error: Type 'number' is not assignable to type 'string'
  const [first]: [string] = await runner.run([task(Score)]);

  // error: Property 'b' does not exist on type
  const { b } = await runner.run({ a: task(Score) });

  // error: 'sede' does not exist in type 'ParamsOf<Score>'
  await runner.run(Score, { sede: 3 });

  // error: Type 'string' is not assignable to type 'number'
  await runner.run(Score, { seed: '3' });

  // error: 'forse' does not exist in type 'RunOptions
  await runner.run(Score, {}, { forse: true });

  // error: 'seed' does not exist in type 'RunOptions
  await runner.run(task(Score), { seed: 3 });

  // error: Type '"stpo"' is not assignable to type '"stop" | "continue"
  await runner.run(Score, {}, { onFailure: 'stpo' });

  // error: Expected 1-3 arguments, but got 4
  await runner.run(Score, {}, {}, {});

  // error: Argument of type 'string' is not assignable to parameter of type 'Runnable'
  await runner.run('Score');

  // error: is not assignable to parameter of type 'Runnable'
  await runner.run(NoTask);

  // error: is not assignable to parameter of type 'Runnable'
  await runner.run(new Score());

  // error: 'sede' does not exist in type 'ParamsOf<Score>'
  await runner.plan(Score, { sede: 3 });

  // error: 'sede' does not exist in type 'ParamsOf<Score>'
  await runner.clear(Score, { sede: 3 });

  // error: Type 'TaskKey' is not assignable to type 'number'
  const key: number = await runner.key(Score);

  return [text, first, b, key];
}

// error: 'concurency' does not exist in type 'RunnerOptions'
new Runner({ concurency: 3 });

// error: 'concurency' does not exist in type 'QueueOptions'
new Runner({ queues: { gpu: { concurency: 1 } } });

// error: Type 'number' is not assignable to type
new Runner({ storage: 3 });

// error: 'get' does not exist in type 'Container'
new Runner({ container: { get: () => {} } });
