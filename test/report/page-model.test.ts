import { boundsOf, Camera } from '../../src/report/html/browser/camera';
import { PageState } from '../../src/report/html/browser/page-state';
import { emptyQuery, makeMatcher, parseQuery } from '../../src/report/html/browser/query';
import { RunModel } from '../../src/report/html/browser/run-model';
import { labelWidth, roundStep, TimelineLayout } from '../../src/report/html/browser/timeline-layout';
import type { PageData } from '../../src/report/html/page-data';

/** Load, two trainings of it, and a score of both; drawn as three boxes, and run in two lanes. */
const data: PageData = {
  length: 4_000,
  nodes: [
    { key: 'Load/0', task: 'Load', params: [['path', "'New  York.csv'"]], requires: [], names: [], state: 'loaded' },
    { key: 'Train/0', task: 'Train', params: [['seed', '3']], requires: [0], names: [], state: 'ran' },
    {
      key: 'Train/1',
      task: 'Train',
      params: [['seed', '30']],
      requires: [0],
      names: [],
      state: 'failed',
      error: 'NaN',
    },
    { key: 'Score/0', task: 'Score', params: [], requires: [1, 2], names: [0], state: 'skipped' },
  ],
  distinguishing: { Load: [], Train: [['seed', 0]], Score: [] },
  boxes: [
    { title: 'Load', isGroup: false, members: [0] },
    { title: 'Train', isGroup: true, members: [1, 2] },
    { title: 'Score', isGroup: false, members: [3] },
  ],
  edges: [
    [0, 1],
    [1, 2],
  ],
  lanes: ['threads 1', 'threads 2'],
  spans: [
    [2, 1, 1_000, 2, 'failed', 1],
    [1, 0, 0, 1, 'ran', 1],
  ],
};

it('knows what each task and each box comes from and leads to', () => {
  const model = new RunModel(data);
  expect([...model.upstream(3)].sort()).toEqual([0, 1, 2]);
  expect([...model.downstream(0)].sort()).toEqual([1, 2, 3]);
  expect(model.nodes[0]!.users).toEqual([1, 2, 3]);
  expect([...model.boxLineage(2)].sort()).toEqual([0, 1, 2]);
  expect(model.spansByStart.map(({ node }) => node)).toEqual([1, 2]);
});

it.each([
  ['train', ['Train/0', 'Train/1']],
  ['seed: 3', ['Train/0']],
  ['seed=30 nan', ['Train/1']],
  ['"new york"', ['Load/0']],
  ["path: 'new york.csv'", ['Load/0']],
  ['nothing: 3', []],
  ['', ['Load/0', 'Train/0', 'Train/1', 'Score/0']],
])('finds by the text %s', (text, keys) => {
  const { nodes } = new RunModel(data);
  const query = parseQuery(text, new Set(['seed', 'path']));
  const matches = makeMatcher();
  expect(nodes.filter((node) => matches(node, query)).map(({ key }) => key)).toEqual(keys);
});

it('limits by text, state and class together, and updates each view once a change', () => {
  const state = new PageState(new RunModel(data));
  const update = jest.fn();
  state.attach({ update });
  state.search('nan');
  state.toggleState('ran');
  expect(state.matchingNodes()).toEqual([]);
  state.toggleState('ran');
  state.limitTo('Train');
  expect(state.matchingNodes().map(({ key }) => key)).toEqual(['Train/1']);
  state.search('');
  expect(state.isFiltered).toBe(true);
  state.limitTo(undefined);
  expect(state.isFiltered).toBe(false);
  expect(update).toHaveBeenCalledTimes(6);
  expect(parseQuery('  ', new Set())).toEqual(emptyQuery);
});

it('selects a folded class as a box, and a box of one task as that task', () => {
  const state = new PageState(new RunModel(data));
  state.selectBox(1);
  expect([state.node, state.box]).toEqual([undefined, 1]);
  state.selectBox(2);
  expect([state.node, state.box]).toEqual([3, 2]);
  state.select(undefined);
  expect([state.node, state.box]).toEqual([undefined, undefined]);
});

it('fits a graph into a window, zooms around a point and moves no further than needed', () => {
  const camera = new Camera({ width: 1_000, height: 500 });
  expect(camera.fit(548, 400)).toBe(true);
  expect(camera.transform).toBe('translate(24 75) scale(0.5)');
  camera.zoom(2, { x: 24, y: 75 });
  expect(camera.transform).toBe('translate(24 75) scale(1)');
  const box = { x: 600, y: 100, width: 100, height: 50 };
  camera.show(box, { width: 548, height: 400 });
  expect(camera.transform).toBe('translate(-176 75) scale(1)');
  expect(camera.hasRoomFor(boundsOf([box, { ...box, x: 0 }]), { width: 548, height: 400 })).toBe(false);
  expect(new Camera({ width: 0, height: 0 }).fit(548, 400)).toBe(false);
});

it('zooms a timeline around a place, finds spans and stays within the run', () => {
  const layout = new TimelineLayout(new RunModel(data));
  Object.assign(layout, { width: labelWidth + 16 + 400, height: 300 });
  expect(layout.xOf(1_000)).toBe(labelWidth + 100);
  expect(layout.spanAt(labelWidth + 150, 70)?.node).toBe(2);
  expect(layout.spanAt(labelWidth + 150, 45)).toBeUndefined();
  layout.zoom(2, labelWidth + 400);
  expect([layout.from, layout.to]).toEqual([2_000, 4_000]);
  layout.moveTo(9_000);
  expect(layout.to).toBe(4_000);
  layout.reveal(500);
  expect(layout.from).toBe(0);
  layout.showAll();
  expect(layout.ticks()).toEqual([0, 2_000, 4_000]);
});

it.each([
  [0.3, 0.5],
  [7, 10],
  [1_100, 2_000],
  [11_000, 15_000],
  [70_000, 120_000],
  [8 * 3_600_000, 24 * 3_600_000],
  [30 * 3_600_000, 48 * 3_600_000],
])('marks a time axis whose marks are to be %d ms apart every %d ms', (step, rounded) => {
  expect(roundStep(step)).toBe(rounded);
});
