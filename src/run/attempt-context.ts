import type { GraphNode } from '../graph/node';
import type { TaskContext, TaskKey } from '../task/context';
import type { Reporter } from './reporter';

/** What a task sees of its run; made for each attempt, so what is seldom asked for is worked out when it is. */
export class AttemptContext implements TaskContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly #node: GraphNode;
  readonly #reporter: Reporter;

  constructor(node: GraphNode, attempt: number, signal: AbortSignal, reporter: Reporter) {
    this.#node = node;
    this.attempt = attempt;
    this.signal = signal;
    this.#reporter = reporter;
  }

  get task(): string {
    return this.#node.task.name;
  }

  get key(): TaskKey {
    return this.#reporter.keyOf(this.#node.index)!;
  }

  progress(done: number, totalOrNote?: number | string, laterNote?: string): void {
    const [total, note] = typeof totalOrNote === 'string' ? [undefined, totalOrNote] : [totalOrNote, laterNote];
    this.#reporter.emit(this.#node.index, (node) => ({
      type: 'task-progressed',
      node,
      done,
      ...(total !== undefined && { total }),
      ...(note !== undefined && { note }),
    }));
  }

  log(message: string): void {
    this.#reporter.emit(this.#node.index, (node) => ({ type: 'task-logged', node, message }));
  }
}
