import type { Graph } from '../../src/graph/graph';
import { NodeStates } from '../../src/run/node-states';
import { NodeStatus } from '../../src/run/node-status';

type StatusName = keyof typeof NodeStatus;

/** What became ready, in order; `load 0` or `run 0`. */
let ready: string[];

/** States of nodes of which each requires those listed; the last one is wanted. */
function statesOf(...requirements: readonly (readonly number[])[]): NodeStates {
  const firstEdge = Int32Array.from(requirements, (_, i) => requirements.slice(0, i).flat().length);
  const nodes = requirements.map((_, index) => ({ index, task: { save: true }, toString: () => `node ${index}` }));
  const graph = {
    nodes,
    order: Int32Array.from(requirements.keys()),
    edges: Int32Array.from(requirements.flat()),
    firstEdge,
    endEdge: firstEdge.map((first, i) => first + requirements[i]!.length),
    requirementsOf: (index: number) => Int32Array.from(requirements[index]!),
    targets: [nodes.at(-1)!],
  };
  ready = [];
  return new NodeStates(graph as unknown as Graph, {
    push: (index, isLoad) => ready.push(`${isLoad ? 'load' : 'run'} ${index}`),
  });
}

const nameOf = (states: NodeStates, index: number) =>
  Object.entries(NodeStatus).find(([, status]) => status === states.statusOf(index))![0];

/** Brings node 0 into each status; node 1 requires it and is wanted. */
const into: Readonly<Record<StatusName, (states: NodeStates) => void>> = {
  undecided: () => {},
  deciding: (states) => states.beginDeciding(0),
  willLoad: (states) => states.decide(0, 'load'),
  willRun: (states) => states.decide(0, 'run'),
  loading: (states) => {
    states.decide(0, 'load');
    states.start(0);
  },
  running: (states) => {
    states.decide(0, 'run');
    states.start(0);
  },
  done: (states) => {
    states.decide(0, 'run');
    states.decide(1, 'run');
    states.enqueue([0, 1]);
    states.start(0);
    states.complete(0, 'result');
  },
  released: (states) => {
    into.done(states);
    states.start(1);
    states.complete(1, 'other');
  },
  failed: (states) => {
    into.running(states);
    states.fail(0);
  },
  skipped: (states) => {
    into.willRun(states);
    states.skipWaiting();
  },
};

type Act = (states: NodeStates) => unknown;

/** Each change, and what it makes of node 0 in each status; of those not named, an error. */
const changes: readonly (readonly [string, Act, Readonly<Partial<Record<StatusName, StatusName>>>])[] = [
  ['undecide', (states) => states.undecide(0), { deciding: 'undecided', willLoad: 'undecided' }],
  ['decide to load', (states) => states.decide(0, 'load'), { undecided: 'willLoad', deciding: 'willLoad' }],
  [
    'decide to run',
    (states) => states.decide(0, 'run'),
    { undecided: 'willRun', deciding: 'willRun', willLoad: 'willRun', loading: 'willRun', running: 'willRun' },
  ],
  ['start', (states) => states.start(0), { willLoad: 'loading', willRun: 'running' }],
  ['retry', (states) => states.retry(0), { loading: 'willLoad', running: 'willRun' }],
  ['fall back to load', (states) => states.fallBackToLoad(0), { running: 'loading' }],
  ['fail', (states) => states.fail(0), { loading: 'failed', running: 'failed', done: 'failed' }],
];

describe.each(changes)('%s', (_, act, allowed) => {
  it.each(Object.keys(NodeStatus) as StatusName[])('from %s', (before) => {
    const states = statesOf([], [0]);
    into[before](states);
    const after = allowed[before];
    if (after === undefined) {
      expect(() => act(states)).toThrow(/^internal error: node 0 cannot become \w+ after it was/);
      expect(nameOf(states, 0)).toBe(before);
    } else {
      act(states);
      expect(nameOf(states, 0)).toBe(after);
    }
  });
});

describe('complete', () => {
  it.each(['loading', 'running'] as const)('from %s keeps a result that somebody needs', (before) => {
    const states = statesOf([], [0]);
    states.decide(1, 'run');
    states.enqueue([1]);
    into[before](states);
    states.complete(0, 'result');
    expect([nameOf(states, 0), states.resultOf(0), ready]).toEqual(['done', 'result', ['run 1']]);
  });

  it.each(['loading', 'running'] as const)('from %s releases a result that nobody needs', (before) => {
    const states = statesOf([], [0]);
    into[before](states);
    states.complete(0, 'result');
    expect([nameOf(states, 0), states.resultOf(0)]).toEqual(['released', undefined]);
  });

  it.each(['undecided', 'deciding', 'willLoad', 'willRun', 'done', 'released', 'failed', 'skipped'] as const)(
    'is refused from %s',
    (before) => {
      const states = statesOf([], [0]);
      into[before](states);
      expect(() => states.complete(0, 'again')).toThrow('internal error: node 0 cannot become done');
    },
  );
});

describe('changes that leave a node alone when they do not concern it', () => {
  const statuses = Object.keys(NodeStatus) as StatusName[];

  it.each(statuses)('begins to decide only what is undecided, not from %s', (before) => {
    const states = statesOf([], [0]);
    into[before](states);
    states.beginDeciding(0);
    expect(nameOf(states, 0)).toBe(before === 'undecided' ? 'deciding' : before);
  });

  it.each(statuses)('skips only what waits, from %s', (before) => {
    const states = statesOf([], [0]);
    into[before](states);
    states.skipWaiting();
    const waits = before === 'deciding' || before === 'willLoad' || before === 'willRun';
    expect(nameOf(states, 0)).toBe(waits ? 'skipped' : before);
  });

  it.each(statuses)('invalidates only a result that is there, from %s', (before) => {
    const states = statesOf([], [0]);
    into[before](states);
    states.invalidate(0);
    expect(nameOf(states, 0)).toBe(before === 'done' ? 'released' : before);
  });
});

describe('requirements', () => {
  it('makes a node ready with its last requirement', () => {
    const states = statesOf([], [], [0, 1]);
    for (const index of [0, 1, 2]) states.decide(index, 'run');
    states.enqueue([0, 1, 2]);
    for (const index of [0, 1]) {
      states.start(index);
      states.complete(index, index);
    }
    expect(ready).toEqual(['run 1', 'run 0', 'run 2']);
  });

  it('releases a result once the last node that needs it is done', () => {
    const states = statesOf([], [0], [0, 1]);
    for (const index of [0, 1, 2]) states.decide(index, 'run');
    states.enqueue([0, 1, 2]);
    const after: string[] = [];
    for (const index of [0, 1, 2]) {
      states.start(index);
      states.complete(index, index);
      after.push(nameOf(states, 0));
    }
    expect(after).toEqual(['done', 'done', 'released']);
  });

  it('skips all that cannot run without a node that failed, and what is enqueued later', () => {
    const states = statesOf([], [0], [1], [0]);
    for (const index of [0, 1, 2]) states.decide(index, 'run');
    states.enqueue([0, 1, 2]);
    states.start(0);
    expect(states.fail(0)).toEqual([1, 2]);
    states.decide(3, 'run');
    expect(states.enqueue([3])).toEqual([3]);
  });

  it('keeps a wanted result when a node that was to be loaded fails', () => {
    const states = statesOf([1], []);
    states.decide(0, 'load');
    states.decide(1, 'run');
    states.enqueue([1, 0]);
    states.start(1);
    states.complete(1, 'wanted');
    states.start(0);
    states.fail(0);
    expect([nameOf(states, 1), states.resultOf(1)]).toEqual(['done', 'wanted']);
  });

  it('has released requirements decided anew when a node runs after all', () => {
    const states = statesOf([], [0], [1]);
    states.decide(0, 'run');
    states.decide(1, 'run');
    states.decide(2, 'load');
    states.enqueue([0, 1, 2]);
    states.drainDecided();
    for (const index of [0, 1]) {
      states.start(index);
      states.complete(index, index);
    }
    states.start(2);
    states.decide(2, 'run');
    expect([nameOf(states, 1), nameOf(states, 2), states.drainDecided()]).toEqual(['undecided', 'willRun', [2]]);
  });
});

describe('listeners', () => {
  it('calls back once with the result, or without one', () => {
    const states = statesOf([], [0]);
    const heard: unknown[] = [];
    states.onSettled(0, (outcome) => heard.push(outcome?.value));
    states.onSettled(1, (outcome) => heard.push(outcome));
    into.done(states);
    states.onSettled(0, (outcome) => heard.push(outcome?.value));
    states.start(1);
    states.fail(1);
    expect(heard).toEqual(['result', 'result', undefined]);
  });
});
