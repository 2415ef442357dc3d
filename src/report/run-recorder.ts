import { inspect } from 'node:util';
import { explainError } from '../base/describe-error';
import { describeStack } from '../base/error-json';
import type { NodeInfo, RunEvent } from '../run/events';
import { KeptOutput } from './kept-output';
import { type LooseSpan, layLanes } from './lanes';
import { edgesOf, type GraphPicture, type PictureNode } from './picture';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface Started extends Pick<LooseSpan, 'attempt' | 'laneKind' | 'worker' | 'pid'> {
  readonly time: number;
}

/**
 * Fills in a picture with what happens in a run. An event costs the same however many came before.
 *
 * @example
 * const recorder = new RunRecorder(pictureOf(await runner.plan(ScoreModel, params)));
 * const run = runner.start(ScoreModel, params);
 * for await (const event of run.events) recorder.record(event);
 * await writeFile('run.html', await toHtml(recorder.picture()));
 */
export class RunRecorder {
  readonly #nodes = new Map<string, Writable<PictureNode>>();
  readonly #spans: LooseSpan[] = [];
  readonly #running = new Map<string, Started>();
  readonly #keyless = new Map<string, string>();
  readonly #output = new KeptOutput();
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  /** @param picture of the plan; without one, only what the run touched is in the picture */
  constructor(picture?: GraphPicture) {
    for (const node of picture?.nodes ?? []) this.#nodes.set(node.key, { ...node });
  }

  record(event: RunEvent): void {
    this.#startedAt ??= event.time;
    this.#endedAt = event.time;
    switch (event.type) {
      case 'task-loaded': {
        const node = this.#nodeOf(event.node);
        const startedAt = event.time - event.seconds * 1000;
        Object.assign(node, { state: 'loaded', seconds: event.seconds, startedAt });
        this.#span(node, { time: startedAt, attempt: 1, laneKind: 'loads' }, event.seconds, 'done', 'load');
        return;
      }
      case 'task-started': {
        const node = this.#nodeOf(event.node);
        const { time, attempt, queue, executor, requires } = event;
        Object.assign(node, { state: 'running', startedAt: time, attempt, queue, executor, requires });
        this.#running.set(node.key, { time, attempt, laneKind: executor });
        return;
      }
      case 'task-assigned':
        this.#assigned(event);
        return;
      case 'task-printed':
        this.#output.add(this.#nodeOf(event.node).key, event.output);
        return;
      case 'task-finished': {
        const node = this.#nodeOf(event.node);
        Object.assign(node, { state: 'ran', seconds: event.seconds });
        delete node.error;
        delete node.stack;
        this.#ended(node, event.seconds, 'done');
        return;
      }
      case 'task-saved':
        this.#nodeOf(event.node).bytes = event.bytes;
        return;
      case 'task-failed': {
        const node = this.#nodeOf(event.node);
        const state = event.willRetry ? 'running' : 'failed';
        const { cause } = event.error;
        const stack = describeStack(cause);
        Object.assign(node, { state, error: explainError(cause), ...(stack !== undefined && { stack }) });
        const started = this.#running.get(node.key);
        // It is not under way when the run ends while it waits to be tried again.
        if (!started) return;
        node.seconds = (event.time - started.time) / 1000;
        this.#ended(node, node.seconds, 'failed');
        return;
      }
      case 'task-skipped':
        this.#nodeOf(event.node).state = 'skipped';
        return;
      case 'run-finished':
        // What it depended on is known by now.
        for (const node of this.#nodes.values()) if (node.state === 'unknown') node.state = 'not-needed';
        return;
      case 'run-started':
      case 'task-waiting':
      case 'task-progressed':
      case 'task-logged':
      case 'storage-failed':
      case 'hook-failed':
      case 'warning':
        return;
      default:
        event satisfies never;
    }
  }

  /** The picture as it is now. */
  picture(): GraphPicture {
    const endedAt = this.#endedAt;
    const running = Array.from(this.#running, ([key, { time, ...rest }]): LooseSpan => {
      const seconds = Math.max(0, endedAt! - time) / 1000;
      return { key, kind: 'run', startedAt: time, seconds, outcome: 'running', ...rest };
    });
    const spans = layLanes([...this.#spans, ...running]);
    const workers = new Map(
      spans.map(({ key, lane, pid }) => [key, pid === undefined ? lane : `${lane} (pid ${pid})`]),
    );
    const nodes = Array.from(this.#nodes.values(), (node): PictureNode => {
      const worker = workers.get(node.key);
      const output = this.#output.of(node.key);
      return { ...node, ...(worker !== undefined && { worker }), ...(output !== undefined && { output }) };
    });
    const edges = edgesOf(nodes);
    if (this.#startedAt === undefined) return { nodes, edges };
    return { nodes, edges, startedAt: this.#startedAt, endedAt: endedAt!, spans };
  }

  /** What came before was waiting. */
  #assigned({ node: info, since, worker, pid }: Extract<RunEvent, { type: 'task-assigned' }>): void {
    const node = this.#nodeOf(info);
    const started = this.#running.get(node.key);
    if (!started) return;
    node.startedAt = since;
    this.#running.set(node.key, { ...started, time: since, worker, ...(pid !== undefined && { pid }) });
  }

  #ended(node: PictureNode, seconds: number, outcome: LooseSpan['outcome']): void {
    const started = this.#running.get(node.key);
    this.#running.delete(node.key);
    if (started) this.#span(node, started, seconds, outcome, 'run');
  }

  #span(
    { key }: PictureNode,
    { time, ...rest }: Started,
    seconds: number,
    outcome: LooseSpan['outcome'],
    kind: LooseSpan['kind'],
  ): void {
    this.#spans.push({ key, kind, startedAt: time, seconds, outcome, ...rest });
  }

  #nodeOf({ key, task, params }: NodeInfo): Writable<PictureNode> {
    const name = key ?? this.#nameOf(task, params);
    let node = this.#nodes.get(name);
    if (!node) this.#nodes.set(name, (node = { key: name, task, params, requires: [], state: 'to-run' }));
    return node;
  }

  /** A name for a task without a key: the same one for the same params. */
  #nameOf(task: string, params: NodeInfo['params']): string {
    const identity = `${task} ${inspect(params, { depth: null })}`;
    let name = this.#keyless.get(identity);
    if (name === undefined) this.#keyless.set(identity, (name = `${task}#${this.#keyless.size + 1}`));
    return name;
  }
}
