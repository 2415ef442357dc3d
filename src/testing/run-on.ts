import { type Executor, type RunEvent, Runner } from '../entry/index';

export interface RunOnOptions {
  readonly storage?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (...said: any[]) => void;
  readonly onLog?: (message: string) => void;
}

/** Runs a target and what it requires on an executor, and gives the result; throws what the task threw. */
export async function runOn(
  executor: Executor,
  target: any,
  { storage = 'memory:', signal, onProgress = () => undefined, onLog = () => undefined }: RunOnOptions = {},
): Promise<any> {
  const runner = new Runner({ executor, storage, onWarning: () => undefined });
  const run = runner.start(target, { ...(signal && { signal }) } as never);
  const listening = (async () => {
    for await (const event of run.events as AsyncIterable<RunEvent>) {
      if (event.type === 'task-progressed')
        onProgress(...[event.done, event.total, event.note].filter((one) => one !== undefined));
      if (event.type === 'task-logged') onLog(event.message);
    }
  })();
  try {
    return await run.result;
  } catch (error: any) {
    throw error.errors?.length > 0 ? error.errors[0].cause : (error.cause ?? error);
  } finally {
    await listening;
    await runner.storage.close();
  }
}
