import type { Executor } from 'tidemark';
import { behaviours } from './executor-behaviours';

/** What every executor does, wherever it runs tasks. @param open an executor for the tasks of `test/executors/fixtures/tasks.ts` */
export function describeExecutor(name: string, open: () => Executor): void {
  describe(`${name}, as any executor,`, () => {
    let executor: Executor;
    beforeAll(() => void (executor = open()));
    afterAll(() => executor.close?.());
    for (const [behaviour, check] of Object.entries(behaviours)) it(behaviour, () => check(executor));
  });
}
