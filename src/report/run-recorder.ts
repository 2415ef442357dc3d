import { inspect } from 'node:util';
import { explainError } from '../base/describe-error';
import { describeStack } from '../base/error';
import type { NodeInfo, RunEvent } from '../run/events';
import { edgesOf, type GraphPicture, type PictureNode, type PictureSpan } from './picture';

const maxPerTask = 64 * 1024;
const maxTotal = 4 * 1024 * 1024;

/** Keeps the last output of each task. When the total is too large, it discards the tasks that printed longest ago. */
class OutputBuffer {
  readonly #byTask = new Map<string, string>();
  readonly #discarded = new Set<string>();
  #size = 0;

  add(key: string, text: string): void {
    const before = this.#byTask.get(key) ?? '';
    const joined = (before + text).slice(-maxPerTask);
    // Moves the task to the end, since it printed last.
    this.#byTask.delete(key);
    this.#byTask.set(key, joined);
    this.#size += joined.length - before.length;
    for (const [oldest, { length }] of this.#byTask) {
      if (this.#size <= maxTotal) return;
      this.#byTask.delete(oldest);
      this.#discarded.add(oldest);
      this.#size -= length;
    }
  }

  /** The output of a task; undefined when it printed nothing. */
  get(key: string): string | undefined {
    return (
      this.#byTask.get(key) ??
      (this.#discarded.has(key) ? '(discarded: the tasks of this run printed too much)' : undefined)
    );
  }
}

/** A span without a lane: with the kind of lane it needs, and its worker when that is known. */
type UnassignedSpan = Omit<PictureSpan, 'lane'> & { readonly laneKind: string; readonly worker?: string | undefined };

/**
 * Gives each span a lane: that of its worker or, when the worker is unknown, the first lane of its kind that is free at
 * its start. There are then as many lanes as spans at the same time.
 */
function assignLanes(spans: readonly UnassignedSpan[]): readonly PictureSpan[] {
  const byStart = [...spans].sort((a, b) => a.startedAt - b.startedAt);
  const withWorkers = new Set(byStart.flatMap(({ worker, laneKind }) => (worker === undefined ? [] : laneKind)));
  const own = byStart.filter(({ worker }) => worker !== undefined);
  // A span without a worker, where others of its kind have one, only waited for a worker.
  const loose = byStart.filter(({ worker, laneKind }) => worker === undefined && !withWorkers.has(laneKind));
  return [...assignWorkerLanes(own), ...assignFreeLanes(loose)].sort((a, b) => a.startedAt - b.startedAt);
}

/** A worker runs one task at a time, so a span ends at the latest when the next one of its worker starts. */
function assignWorkerLanes(byStart: readonly UnassignedSpan[]): PictureSpan[] {
  const nextOn = new Map<string, number>();
  return [...byStart]
    .reverse()
    .map(({ laneKind: _, worker, ...span }) => {
      const lane = worker!;
      const free = (nextOn.get(lane) ?? Number.POSITIVE_INFINITY) - span.startedAt;
      nextOn.set(lane, span.startedAt);
      return { ...span, lane, seconds: Math.min(span.seconds, free / 1000) };
    })
    .reverse();
}

function assignFreeLanes(byStart: readonly UnassignedSpan[]): PictureSpan[] {
  const freeFrom = new Map<string, number[]>();
  return byStart.map(({ laneKind, worker: _, ...span }) => {
    let lanes = freeFrom.get(laneKind);
    if (!lanes) freeFrom.set(laneKind, (lanes = []));
    const free = lanes.findIndex((end) => end <= span.startedAt);
    const lane = free < 0 ? lanes.length : free;
    lanes[lane] = span.startedAt + span.seconds * 1000;
    return { ...span, lane: `${laneKind} ${lane + 1}` };
  });
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface RunningTask extends Pick<UnassignedSpan, 'attempt' | 'laneKind' | 'worker' | 'pid'> {
  readonly time: number;
}

/**
 * Records the events of a run in a picture. The cost of an event does not depend on the number of events before it.
 *
 * @example
 * const recorder = new RunRecorder(pictureOf(await runner.plan(ScoreModel, params)));
 * const run = runner.start(ScoreModel, params);
 * for await (const event of run.events) recorder.record(event);
 * await writeFile('run.html', await toHtml(recorder.picture()));
 */
export class RunRecorder {
  readonly #nodes = new Map<string, Writable<PictureNode>>();
  readonly #spans: UnassignedSpan[] = [];
  readonly #running = new Map<string, RunningTask>();
  readonly #namesWithoutKey = new Map<string, string>();
  readonly #output = new OutputBuffer();
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  /** @param picture the picture of a plan; without one, the picture has only the tasks that the run touched */
  constructor(picture?: GraphPicture) {
    for (const node of picture?.nodes ?? []) this.#nodes.set(node.key, { ...node });
  }

  record(event: RunEvent): void {
    this.#startedAt ??= event.time;
    this.#endedAt = event.time;
    switch (event.type) {
      case 'task-loaded': {
        const node = this.#getNode(event.node);
        const startedAt = event.time - event.seconds * 1000;
        Object.assign(node, { state: 'loaded', seconds: event.seconds, startedAt });
        this.#addSpan(node, { time: startedAt, attempt: 1, laneKind: 'loads' }, event.seconds, 'done', 'load');
        return;
      }
      case 'task-started': {
        const node = this.#getNode(event.node);
        const { time, attempt, queue, executor, requires } = event;
        Object.assign(node, { state: 'running', startedAt: time, attempt, queue, executor, requires });
        this.#running.set(node.key, { time, attempt, laneKind: executor });
        return;
      }
      case 'task-assigned':
        this.#recordAssignment(event);
        return;
      case 'task-printed':
        this.#output.add(this.#getNode(event.node).key, event.output);
        return;
      case 'task-finished': {
        const node = this.#getNode(event.node);
        Object.assign(node, { state: 'ran', seconds: event.seconds });
        delete node.error;
        delete node.stack;
        this.#recordEnd(node, event.seconds, 'done');
        return;
      }
      case 'task-saved':
        this.#getNode(event.node).bytes = event.bytes;
        return;
      case 'task-failed': {
        const node = this.#getNode(event.node);
        const state = event.willRetry ? 'running' : 'failed';
        const { cause } = event.error;
        const stack = describeStack(cause);
        Object.assign(node, { state, error: explainError(cause), ...(stack !== undefined && { stack }) });
        const started = this.#running.get(node.key);
        // It is not running when the run ends while it waits for a retry.
        if (!started) return;
        node.seconds = (event.time - started.time) / 1000;
        this.#recordEnd(node, node.seconds, 'failed');
        return;
      }
      case 'task-skipped':
        this.#getNode(event.node).state = 'skipped';
        return;
      case 'run-finished':
        // Whether these were needed is known at the end.
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

  /** Makes a picture of the run so far. */
  picture(): GraphPicture {
    const endedAt = this.#endedAt;
    const running = Array.from(this.#running, ([key, { time, ...rest }]): UnassignedSpan => {
      const seconds = Math.max(0, endedAt! - time) / 1000;
      return { key, kind: 'run', startedAt: time, seconds, outcome: 'running', ...rest };
    });
    const spans = assignLanes([...this.#spans, ...running]);
    const workers = new Map(
      spans.map(({ key, lane, pid }) => [key, pid === undefined ? lane : `${lane} (pid ${pid})`]),
    );
    const nodes = Array.from(this.#nodes.values(), (node): PictureNode => {
      const worker = workers.get(node.key);
      const output = this.#output.get(node.key);
      return { ...node, ...(worker !== undefined && { worker }), ...(output !== undefined && { output }) };
    });
    const edges = edgesOf(nodes);
    if (this.#startedAt === undefined) return { nodes, edges };
    return { nodes, edges, startedAt: this.#startedAt, endedAt: endedAt!, spans };
  }

  /** Starts the task anew: until now it waited for a worker. */
  #recordAssignment({ node: info, since, worker, pid }: Extract<RunEvent, { type: 'task-assigned' }>): void {
    const node = this.#getNode(info);
    const started = this.#running.get(node.key);
    if (!started) return;
    node.startedAt = since;
    this.#running.set(node.key, { ...started, time: since, worker, ...(pid !== undefined && { pid }) });
  }

  #recordEnd(node: PictureNode, seconds: number, outcome: UnassignedSpan['outcome']): void {
    const started = this.#running.get(node.key);
    this.#running.delete(node.key);
    if (started) this.#addSpan(node, started, seconds, outcome, 'run');
  }

  #addSpan(
    { key }: PictureNode,
    { time, ...rest }: RunningTask,
    seconds: number,
    outcome: UnassignedSpan['outcome'],
    kind: UnassignedSpan['kind'],
  ): void {
    this.#spans.push({ key, kind, startedAt: time, seconds, outcome, ...rest });
  }

  #getNode({ key, task, params }: NodeInfo): Writable<PictureNode> {
    const name = key ?? this.#nameWithoutKey(task, params);
    let node = this.#nodes.get(name);
    if (!node) this.#nodes.set(name, (node = { key: name, task, params, requires: [], state: 'to-run' }));
    return node;
  }

  /** Makes a name for a task without a key: the same one for the same params. */
  #nameWithoutKey(task: string, params: NodeInfo['params']): string {
    const identity = `${task} ${inspect(params, { depth: null })}`;
    let name = this.#namesWithoutKey.get(identity);
    if (name === undefined) this.#namesWithoutKey.set(identity, (name = `${task}#${this.#namesWithoutKey.size + 1}`));
    return name;
  }
}
