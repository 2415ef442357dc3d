import { inline, type OutputOf, Param, Runner, Storage, Task, type TaskClass, type TaskKey, task } from 'tidemark';
import { holds, type Same } from './same';

@Task()
class Score {
  @Param() seed = 0;
  run() {
    return 1;
  }
}
@Task()
class Names {
  async run() {
    return ['a'];
  }
}

// Results have the type of the target.
export async function results() {
  const runner = new Runner({
    storage: Storage.open(new Map()),
    concurrency: 3,
    queues: { gpu: { concurrency: 1, executor: inline() } },
  });
  const score = await runner.run(Score, { seed: 3 });
  holds<Same<typeof score, number>>();
  const names = await runner.run(Names);
  holds<Same<typeof names, string[]>>();
  const pair = await runner.run([task(Score), Names]);
  holds<Same<typeof pair, [number, string[]]>>();
  const record = await runner.run({ a: task(Score), b: { c: Names }, d: [task(Names).at(0)] });
  holds<Same<typeof record, { readonly a: number; readonly b: { readonly c: string[] }; readonly d: [string] }>>();
  const many = await runner.run([1, 2].map((seed) => task(Score, { seed })));
  holds<Same<typeof many, number[]>>();
  const generic = await runner.run(Score as TaskClass<Score>, undefined, { force: true });
  holds<Same<typeof generic, OutputOf<Score>>>();
  return [score, names, pair, record, many, generic];
}

export async function options(runner: Runner) {
  const { signal } = new AbortController();
  await runner.run(
    Score,
    {},
    { force: [Score, Names], signal, onFailure: 'continue', queues: { Score: { concurrency: 1 } } },
  );
  await runner.run(task(Score), { force: true });
  const run = runner.start([task(Score)], { signal });
  const [result] = await run.result;
  run.stop();
  run.cancel('enough');
  for await (const event of run.events) if (event.type === 'run-finished') console.log(event.summary.ran);
  const plan = await runner.plan(Score, { seed: 1 });
  const key: TaskKey = await runner.key(task(Score));
  const keys: readonly TaskKey[] = await runner.clear(Score);
  await using closing = runner;
  return [result, plan.toRun, key, keys, closing];
}
