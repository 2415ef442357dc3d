import fc from 'fast-check';
import { fold, isGroup } from '../../src/report/fold';
import { boxLines } from '../../src/report/label';
import { node, pictureOfNodes, wide } from './fixtures/pictures';

const keys = (picture: ReturnType<typeof fold>) => picture.boxes.map(({ key }) => key);

it('leaves small pictures unchanged', () => {
  expect(keys(fold(wide(3)))).toEqual(['Load/0', 'Train/0', 'Train/1', 'Train/2', 'Score/0']);
});

it('folds large classes and counts their states', () => {
  const folded = fold(wide(1000));
  expect(keys(folded)).toEqual(['Load/0', 'Train × 1000', 'Score/0']);
  const [, group] = folded.boxes;
  expect(isGroup(group!) && [...group.counts]).toEqual([
    ['ran', 999],
    ['failed', 1],
  ]);
  expect(folded.edges).toEqual([
    { from: 'Load/0', to: 'Train × 1000', count: 1000 },
    { from: 'Train × 1000', to: 'Score/0', count: 1000 },
  ]);
});

it('puts distinguishing params first', () => {
  const nodes = [1, 2].map((seed) => node(`Train/${seed}`, { params: { a: 1, path: 'x', rate: seed > 1, seed } }));
  const same = node('Load/0', { params: { a: 1, b: 2 } });
  const { boxes } = fold(pictureOfNodes([same, ...nodes]));
  expect(boxes.map((box) => !isGroup(box) && Object.keys(box.params))).toEqual([
    ['a', 'b'],
    ['rate', 'seed', 'a', 'path'],
    ['rate', 'seed', 'a', 'path'],
  ]);
  expect(boxes.map((box) => boxLines(box)[1])).toEqual(['a: 1', 'rate: false', 'rate: true']);
});

it('folds when there are too many edges', () => {
  const left = Array.from({ length: 40 }, (_, i) => node(`Left/${i}`));
  const right = Array.from({ length: 40 }, (_, i) => node(`Right/${i}`, { requires: left.map(({ key }) => key) }));
  expect(fold(pictureOfNodes([...left, ...right])).edges.length).toBeLessThan(300);
});

it('draws every task and every edge exactly once, folded or not', () => {
  const graphs = fc.array(
    fc.record({ task: fc.constantFrom('A', 'B', 'C', 'D'), of: fc.array(fc.nat(), { maxLength: 4 }) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(graphs, fc.integer({ min: 1, max: 70 }), (parts, foldAbove) => {
      const nodes = parts.map(({ task, of }, i) =>
        node(`${task}/${i}`, {
          requires: [...new Set(of.filter(() => i > 0).map((at) => `${parts[at % i]!.task}/${at % i}`))],
        }),
      );
      const picture = pictureOfNodes(nodes);
      const { boxes, edges } = fold(picture, { foldAbove });
      expect(boxes.reduce((sum, box) => sum + (isGroup(box) ? box.members.length : 1), 0)).toBe(nodes.length);
      expect(edges.reduce((sum, { count }) => sum + count, 0)).toBe(picture.edges.length);
      expect(new Set(keys({ boxes, edges })).size).toBe(boxes.length);
    }),
  );
});
