import type { Awaitable } from '../awaitable';
import type { Arrivals } from './arrivals';
import type { Attempts } from './attempts';
import type { Participant } from './claims';
import { Action } from './demand';
import type { Exclusive } from './exclusive';
import type { ExecutionParts } from './execution-parts';
import { holdsRef } from './holds-ref';
import type { Loading } from './loading';
import type { ResultSharing } from './result-sharing';
import type { StoredResults } from './stored-results';

/** What it needs besides what all share. */
export interface BeginningsParts extends ExecutionParts {
  /** Whose nodes begin. */
  readonly execution: Participant;
  readonly arrivals: Arrivals;
  readonly loading: Loading;
  readonly attempts: Attempts;
  readonly exclusive: Exclusive;
  readonly sharing: ResultSharing;
  readonly storedResults: StoredResults;
}

/** Begins the nodes of one execution: each is loaded, run, or waited for when another execution has it. */
export class Beginnings {
  readonly #parts: BeginningsParts;
  /** How much of other executions was gone when this one looked for checkpoints. */
  #goneBefore = 0;

  constructor(parts: BeginningsParts) {
    this.#parts = parts;
  }

  /** Checkpoints are looked for now: what others save later is not seen. */
  noteLook(): void {
    this.#goneBefore = this.#parts.dynamic.claims.gone;
  }

  /** Over once the node needs no slot. */
  begin(index: number): Awaitable<void> {
    const { dynamic, graph, reporter, execution, demand, loading, scheduler, arrivals, sharing, skip, frontier } =
      this.#parts;
    const { claims } = dynamic;
    const node = graph.nodes[index]!;
    const key = claims.isActive ? reporter.keyOf(index) : undefined;
    const other = key && claims.claim(key, execution, node);
    if (!other) {
      if (demand.actions[index] === Action.load) return loading.load(index);
      return claims.gone === this.#goneBefore ? this.#run(index) : this.#lookAgain(index);
    }
    // It holds no slot while it waits.
    scheduler.wait(
      claims.outcome(node, other).then((outcome) => {
        if (!outcome) return skip(frontier.fail(index));
        arrivals.takeFacts(index, other.execution.factsOf(other.node));
        sharing.settleOwn(index, outcome.value);
        return arrivals.take(index, outcome.value, holdsRef(outcome.value));
      }),
    );
    return undefined;
  }

  /** Another execution may have saved what was not there yet when this one looked. */
  async #lookAgain(index: number): Promise<void> {
    if (!(await this.#parts.loading.loadIfSaved(index))) await this.#run(index);
  }

  #run(index: number): Awaitable<void> {
    const loaded = this.#parts.storedResults.loadFor(index);
    return loaded ? this.#runAfter(index, loaded) : this.#runNow(index);
  }

  async #runAfter(index: number, loaded: Promise<readonly number[]>): Promise<void> {
    const gone = await loaded;
    await (gone.length > 0 ? this.#parts.loading.runAfter(index, gone) : this.#runNow(index));
  }

  #runNow(index: number): Awaitable<void> {
    const { exclusive, attempts } = this.#parts;
    const leases = exclusive.leasesFor(index);
    return leases ? exclusive.begin(index, leases) : attempts.run(index);
  }
}
