import type { Run, RunSummary } from 'tidemark';
import type { RunHappening } from 'tidemark/extend';

/** The outcome of a run: its result or error, its summary, and all events. */
export interface Outcome {
  readonly result: any;
  readonly error: any;
  readonly summary: RunSummary;
  /** Without their times, which never go back. */
  readonly events: readonly RunHappening[];
}

/** Waits for a run, also for one that fails. */
export async function outcomeOf(run: Run<unknown>): Promise<Outcome> {
  const events: RunHappening[] = [];
  const listening = (async () => {
    let last = 0;
    for await (const { time, ...event } of run.events) {
      if (time < last) throw new Error(`${event.type} comes before what happened earlier`);
      last = time;
      events.push(event);
    }
  })();
  const ended = await run.result.then(
    (result) => ({ result, error: undefined }),
    (error) => ({ result: undefined, error }),
  );
  await listening;
  return { ...ended, summary: await run.summary, events };
}
