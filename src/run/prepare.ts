import { explainError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../error';
import type { Blueprint } from '../graph/blueprint';
import { expand } from '../graph/expand';
import type { Graph } from '../graph/graph';
import { Keys } from '../graph/key';
import type { CheckedContainer, Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { Checkpoints } from './checkpoints';
import type { CheckpointsOptions } from './checkpoints-options';
import { fingerprintsOf, type GraphFingerprints } from './fingerprints';
import type { OpenCall } from './open-calls';

/** A graph, and what identifies its nodes as things are now. */
export interface Prepared {
  readonly graph: Graph;
  readonly keys: Keys;
  readonly fingerprints: GraphFingerprints;
}

/** What preparing needs of a runner. */
export interface PreparerOptions {
  readonly container: Container & Partial<CheckedContainer>;
  readonly maxNodes: number | undefined;
  readonly rerunsChangedSource: boolean;
  readonly isClosed: () => boolean;
}

/** What is taken for a recursion without an end, unless a runner says something else. */
const defaultNodes = 10_000_000;
const defaultDepth = 1_000_000;

/** Makes the graphs of one run, or of one plan, key or clear: all of them have the same defaults. */
export class Preparer {
  readonly #options: PreparerOptions;
  readonly #blueprints = new Map<TaskDefinition, Blueprint>();

  constructor(options: PreparerOptions) {
    this.#options = options;
  }

  /** @throws {TidemarkError} when the runner is closed */
  refuseIfClosed(): void {
    if (this.#options.isClosed()) throw new TidemarkError('the runner is closed');
  }

  /** The graph of a target, and the keys of its nodes. */
  async prepare(target: unknown, call: OpenCall): Promise<Prepared> {
    this.refuseIfClosed();
    const { container, maxNodes = defaultNodes } = this.#options;
    const maxDepth = this.#options.maxNodes ?? defaultDepth;
    const graph = await call.waitFor(
      () => 'a schema of a param, or the container that makes tasks,',
      expand(target, { container, blueprints: this.#blueprints, maxNodes, maxDepth }),
    );
    const fingerprints = await fingerprintsOf(graph, container, call);
    return { graph, fingerprints, keys: new Keys(graph, fingerprints.known) };
  }

  /** Likewise, for those who need every key. @throws {TidemarkError} when a task's `fingerprint()` failed */
  async prepareWithKeys(target: unknown, call: OpenCall): Promise<Prepared> {
    const prepared = await this.prepare(target, call);
    for (const [index, cause] of prepared.fingerprints.failed) {
      if (isInstance(cause, TidemarkError)) throw cause;
      const { nodes } = prepared.graph;
      throw new TidemarkError(`fingerprint() of ${nodes[index]} failed: ${explainError(cause)}`, { cause });
    }
    return prepared;
  }

  /** Nothing when no task of the graph is saved: then storage need not be asked at all. */
  async checkpointsFor(
    parts: Pick<CheckpointsOptions, 'graph' | 'keys' | 'layers' | 'directories' | 'marks' | 'forced'>,
    call: OpenCall,
  ): Promise<Checkpoints | undefined> {
    // Once marks were read, there are results that may come from what is in this graph.
    if (parts.marks.areUnread && !parts.graph.tasks.some(({ save }) => save)) return undefined;
    const { rerunsChangedSource } = this.#options;
    return Checkpoints.of({ ...parts, rerunsChangedSource, prepare: (refs) => this.prepare(refs, call) });
  }
}
