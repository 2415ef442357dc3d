import { inspect } from 'node:util';
import type { NodeInfo, RunEvent } from '../run/events';
import { messageOf } from '../run/failure';
import { type LooseSpan, packLanes } from './lanes';
import { edgesOf, type GraphPicture, type PictureNode } from './picture';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Started = { readonly time: number; readonly attempt: number; readonly laneKind: string };

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
      case 'task-finished': {
        const node = this.#nodeOf(event.node);
        Object.assign(node, { state: 'ran', seconds: event.seconds });
        delete node.error;
        this.#ended(node, event.seconds, 'done');
        return;
      }
      case 'task-saved':
        this.#nodeOf(event.node).bytes = event.bytes;
        return;
      case 'task-failed': {
        const node = this.#nodeOf(event.node);
        const seconds = (event.time - (this.#running.get(node.key)?.time ?? event.time)) / 1000;
        Object.assign(node, {
          state: event.willRetry ? 'running' : 'failed',
          error: messageOf(event.error.cause),
          seconds,
        });
        this.#ended(node, seconds, 'failed');
        return;
      }
      case 'task-skipped':
        this.#nodeOf(event.node).state = 'skipped';
        return;
      case 'run-finished':
        // A run that ends does not wait for another attempt of what failed.
        for (const node of this.#nodes.values()) if (node.state === 'running') node.state = 'failed';
        return;
      case 'run-started':
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
    const running = Array.from(this.#running, ([key, { time, attempt, laneKind }]): LooseSpan => {
      const seconds = Math.max(0, endedAt! - time) / 1000;
      return { key, kind: 'run', startedAt: time, seconds, attempt, outcome: 'running', laneKind };
    });
    const spans = packLanes([...this.#spans, ...running]);
    const workers = new Map(spans.map(({ key, lane }) => [key, lane]));
    const nodes = Array.from(this.#nodes.values(), (node): PictureNode => {
      const worker = workers.get(node.key);
      return { ...node, ...(worker !== undefined && { worker }) };
    });
    const edges = edgesOf(nodes);
    if (this.#startedAt === undefined) return { nodes, edges };
    return { nodes, edges, startedAt: this.#startedAt, endedAt: endedAt!, spans };
  }

  #ended(node: PictureNode, seconds: number, outcome: LooseSpan['outcome']): void {
    const started = this.#running.get(node.key);
    this.#running.delete(node.key);
    if (started) this.#span(node, started, seconds, outcome, 'run');
  }

  #span(
    { key }: PictureNode,
    { time, attempt, laneKind }: Started,
    seconds: number,
    outcome: LooseSpan['outcome'],
    kind: LooseSpan['kind'],
  ): void {
    this.#spans.push({ key, kind, startedAt: time, seconds, attempt, outcome, laneKind });
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
