import type { Awaitable } from '../awaitable';
import type { Arrivals } from './arrivals';
import type { Attempts } from './attempts';
import type { Claim, Participant } from './claims';
import type { Computation } from './computations';
import { Action } from './demand';
import type { Exclusive } from './exclusive';
import type { ExecutionParts } from './execution-parts';
import { holdsRef } from './holds-ref';
import type { Joins } from './joins';
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

  /** Checkpoints are looked for now: what others save later is not seen. @param leader see `Joins.begin` */
  noteLook(leader: Joins | undefined): void {
    this.#goneBefore = this.#parts.dynamic.claims.gone;
    this.#parts.joins.begin(leader);
  }

  /** Over once the node needs no slot. */
  begin(index: number): Awaitable<void> {
    const { dynamic, graph, reporter, execution, scheduler, arrivals, sharing, skip, frontier, attempts } = this.#parts;
    const { claims } = dynamic;
    const node = graph.nodes[index]!;
    const key = claims.isActive ? reporter.keyOf(index) : undefined;
    let other: Claim | undefined;
    try {
      other = key && claims.claim(key, execution, node);
    } catch (error) {
      return attempts.failForGood(index, error);
    }
    if (!other) return this.#begin(index);
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

  /** A node that no other execution of this run has: another run may compute it, or may have done so meanwhile. */
  #begin(index: number): Awaitable<void> {
    const { demand, dynamic, joins, loading, attempts } = this.#parts;
    const isLoaded = demand.actions[index] === Action.load;
    let computation: Computation | undefined;
    try {
      if (!isLoaded || joins.isLeft(index)) computation = joins.find(index);
    } catch (error) {
      return attempts.failForGood(index, error);
    }
    if (computation) return this.#join(index, computation);
    const mustLookUp = joins.mustLookUp(index);
    if (isLoaded) return mustLookUp ? loading.loadLeft(index) : loading.load(index);
    joins.start(index);
    return mustLookUp || dynamic.claims.gone !== this.#goneBefore ? this.#lookAgain(index) : this.#run(index);
  }

  /** Waits for another run, without a slot. */
  #join(index: number, computation: Computation): void {
    const { joins, reporter, scheduler, frontier, attempts, state, skip } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-waiting', node }));
    scheduler.track(
      joins.wait(index, computation).then((ending) => {
        if (ending?.type === 'failed') return attempts.failForGood(index, ending.cause, ending.attempts);
        if (ending?.type === 'skipped') {
          skip([index, ...frontier.fail(index)]);
          if (!state.errors.includes(ending.error)) state.fail(ending.error);
          return undefined;
        }
        // When another run was stopped or cancelled, one of those that waited goes on, and the others wait for that.
        joins.lookUpNext(index, ending?.type === 'saved' || ending?.type === 'abandoned');
        return frontier.retry(index);
      }),
    );
  }

  /** Others may have saved what was not there yet when this execution looked. */
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
