import type { Run, RunEvent, RunSummary } from 'tidemark';

/** How a run ended: its result or what it threw, its summary, and all its events. */
export interface Outcome {
  readonly result: any;
  readonly error: any;
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
}

/** Waits for a run, also for one that fails. */
export async function outcomeOf(run: Run<unknown>): Promise<Outcome> {
  const events: RunEvent[] = [];
  const listening = (async () => {
    for await (const event of run.events) events.push(event);
  })();
  const ended = await run.result.then(
    (result) => ({ result, error: undefined }),
    (error) => ({ result: undefined, error }),
  );
  await listening;
  return { ...ended, summary: await run.summary, events };
}
